import type { Clock } from '@nightshift/shared/clock'
import type { LogConfig } from '../../config/logs.ts'
import type { Log } from '../../log.ts'
import type { LineOrigin } from '../record.ts'
import type { LineCounts, LogSource, SourceSink, SourceStanding } from './log-source.ts'
import { FollowedProgram } from './followed-program.ts'

type JournalConfig = NonNullable<LogConfig['journald']>

export interface JournalOptions {
  readonly startAt: 'end' | 'beginning'
  readonly maxLineBytes: number
  readonly clock: Clock
  readonly log: Log
  readonly counts: LineCounts
  readonly saved: unknown
}

/** The journal of systemd, read by one `journalctl` that runs on and is started again should it end. */
export class JournalSource implements LogSource {
  readonly counts: LineCounts
  readonly #options: JournalOptions
  readonly #config: JournalConfig
  readonly #program: FollowedProgram
  readonly #origins = new Map<string, LineOrigin>()
  #cursor: string | undefined
  /** At first sight: when we began, in microseconds. journalctl gives the entry before it too, as the place to start behind. */
  readonly #beginUs: number | undefined

  constructor(config: JournalConfig, options: JournalOptions) {
    this.counts = options.counts
    this.#options = options
    this.#config = config
    this.#cursor = readCursor(options.saved)
    this.#program = new FollowedProgram(config.program ?? 'journalctl', options.log)
    if (this.#cursor === undefined && options.startAt === 'end') this.#beginUs = options.clock.now() * 1000
  }

  async poll(sink: SourceSink): Promise<boolean> {
    const { clock, maxLineBytes, startAt } = this.#options
    await this.#program.keepRunning(() => journalArguments(this.#config, this.#cursor, startAt))
    const nowMs = clock.now()
    for (let turn = 0; turn < 1000; turn++) {
      if (sink.isFull()) return true
      const line = this.#program.next()
      if (line === undefined) return false
      const entry = parseEntry(line)
      // What journalctl says besides entries, such as `-- No entries --`.
      if (entry === undefined) continue
      this.#cursor = entry.cursor
      if (this.#beginUs !== undefined && entry.realtimeUs < this.#beginUs) continue
      this.counts.bytes += line.length
      if (line.length > maxLineBytes) {
        this.counts.cut++
        continue
      }
      this.counts.lines++
      sink.take(line, nowMs, this.#originOf(entry.key), entry.number)
    }
    return true
  }

  standing(): SourceStanding {
    return { files: 0, overflow: 0, unreadBytes: this.#program.waitingBytes, unreadable: this.#program.isFailing ? 1 : 0 }
  }

  save(): unknown {
    return { cursor: this.#cursor ?? null }
  }

  async close(): Promise<void> {
    await this.#program.stop()
  }

  #originOf(key: string): LineOrigin {
    const known = this.#origins.get(key)
    if (known !== undefined) return known
    const origin = { key: `journal-${key}`, labels: {} }
    // Each file of the journal has its own; the machines of a merged journal are few.
    if (this.#origins.size > 64) this.#origins.clear()
    this.#origins.set(key, origin)
    return origin
  }
}

interface Entry {
  readonly cursor: string
  /** The series of numbers that the journal gives, and the entry's own. */
  readonly key: string
  readonly number: number
  readonly realtimeUs: number
}

/** What must be known of an entry; its message is read by the analysis. */
export function parseEntry(line: Buffer): Entry | undefined {
  const text = line.toString('latin1')
  const cursor = /"__CURSOR"\s*:\s*"([^"]{1,512})"/.exec(text)?.[1]
  if (cursor === undefined) return undefined
  const [, key, number] = /(?:^|;)s=([0-9a-f]+);i=([0-9a-f]+)/.exec(cursor) ?? []
  const realtimeUs = Number(/"__REALTIME_TIMESTAMP"\s*:\s*"(\d{1,17})"/.exec(text)?.[1] ?? 0)
  return { cursor, key: key ?? 'unknown', number: Number.parseInt(number ?? '0', 16), realtimeUs }
}

function journalArguments(config: JournalConfig, cursor: string | undefined, startAt: 'end' | 'beginning'): string[] {
  return [
    '--follow',
    '--output=json',
    '--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,SYSLOG_FACILITY,_SYSTEMD_UNIT,_COMM,_PID,_HOSTNAME',
    '--no-pager',
    '--quiet',
    ...(config.directory === undefined ? [] : [`--directory=${config.directory}`]),
    ...config.units.map((unit) => `--unit=${unit}`),
    ...config.identifiers.map((identifier) => `--identifier=${identifier}`),
    // --after-cursor alone shows only the last ten entries after it when following.
    ...(cursor !== undefined ? ['--no-tail', `--after-cursor=${cursor}`] : startAt === 'beginning' ? ['--no-tail'] : ['--lines=1']),
  ]
}

function readCursor(saved: unknown): string | undefined {
  const cursor = typeof saved === 'object' && saved !== null && 'cursor' in saved ? saved.cursor : undefined
  // It becomes an argument of a program.
  return typeof cursor === 'string' && /^[\x21-\x7e]{1,512}$/.test(cursor) ? cursor : undefined
}
