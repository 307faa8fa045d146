import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { Log } from '../log.ts'
import type { Item } from '../sources/source.ts'
import { nvidiaColumns, parseNvidiaLine } from './nvidia-csv.ts'

const maxLineLength = 4096
const maxCards = 64
const firstDelayMs = 1000
const maxDelayMs = 5 * 60_000
/** A program that ran so long had started well: the next delay is the first again. */
const steadyMs = 60_000

export interface NvidiaSmiOptions {
  readonly program: string
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Log
}

/** One nvidia-smi that prints all cards again and again: starting it for each look would cost a hundred times more. */
export class NvidiaSmi {
  readonly #options: NvidiaSmiOptions
  readonly #periodSeconds: number
  readonly #cards = new Map<string, { item: Item; atMs: number }>()
  #child: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined
  #delayMs = firstDelayMs
  #isClosed = false
  #complaint = ''

  constructor(options: NvidiaSmiOptions) {
    this.#options = options
    this.#periodSeconds = Math.max(1, Math.round(options.everyMs / 1000))
    void this.#start()
  }

  /** The cards as they were printed last. One that was not printed three times in a row is gone. */
  items(): Item[] {
    const oldestMs = this.#options.clock.monotonicMs() - 3 * this.#periodSeconds * 1000
    for (const [index, { atMs }] of this.#cards) if (atMs < oldestMs) this.#cards.delete(index)
    return [...this.#cards.values()].map(({ item }) => item)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#child?.kill('SIGKILL')
  }

  async #start(): Promise<void> {
    const startMs = this.#options.clock.monotonicMs()
    try {
      const { spawn } = await import('node:child_process')
      if (this.#isClosed) return
      const query = [`--query-gpu=${nvidiaColumns.join(',')}`, '--format=csv,noheader,nounits', '-l', String(this.#periodSeconds)]
      this.#listen(spawn(this.#options.program, query, { stdio: ['ignore', 'pipe', 'pipe'] }), startMs)
    } catch (error) {
      this.#restartLater(startMs, describeError(error))
    }
  }

  #listen(child: ChildProcessByStdio<null, Readable, Readable>, startMs: number): void {
    this.#child = child
    const lines = new Lines((line) => this.#take(line))
    const errors = new Lines((line) => this.#complain(line))
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => lines.add(chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.add(chunk))
    let isOver = false
    const end = (reason: string): void => {
      if (isOver) return
      isOver = true
      this.#restartLater(startMs, reason)
    }
    child.on('error', (error) => end(describeError(error)))
    child.on('close', (code, signal) => end(`it ended with ${signal ?? `exit code ${code}`}`))
  }

  #take(line: string): void {
    const item = parseNvidiaLine(line)
    if (item === undefined) return this.#complain(line)
    const index = String(item['index'])
    if (this.#cards.size < maxCards || this.#cards.has(index)) this.#cards.set(index, { item, atMs: this.#options.clock.monotonicMs() })
    if (this.#complaint !== '') this.#options.log.info('nvidia-smi tells about the graphics processors again')
    this.#complaint = ''
  }

  #restartLater(startMs: number, reason: string): void {
    if (this.#isClosed) return
    if (this.#options.clock.monotonicMs() - startMs >= steadyMs) this.#delayMs = firstDelayMs
    this.#complain(reason)
    this.#timer = setTimeout(() => void this.#start(), this.#delayMs)
    this.#delayMs = Math.min(maxDelayMs, this.#delayMs * 2)
  }

  /** Said once until it works again: the driver repeats itself. */
  #complain(message: string): void {
    if (message.trim() === '' || this.#complaint !== '' || this.#isClosed) return
    this.#complaint = message
    this.#options.log.warn({ reason: message.slice(0, 500) }, 'nvidia-smi cannot tell about the graphics processors; it is tried again')
  }
}

/** Text cut into lines; of one that is too long only the start is kept. */
class Lines {
  readonly #take: (line: string) => void
  #rest = ''

  constructor(take: (line: string) => void) {
    this.#take = take
  }

  add(chunk: string): void {
    const lines = chunk.split('\n')
    lines[0] = (this.#rest + (lines[0] ?? '')).slice(0, maxLineLength)
    this.#rest = (lines.pop() ?? '').slice(0, maxLineLength)
    for (const line of lines) this.#take(line.slice(0, maxLineLength))
  }
}
