import { Worker } from 'node:worker_threads'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { endThread, StopFlag } from '../../../archive/workers/stop-flag.ts'
import { siblingEntry } from '@nightshift/shared/service/sibling-entry'
import type { FileProblem, WriterOrder, WriterReport, WriterSettings } from './write-request.ts'

const heapLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 }

interface Writer {
  readonly worker: Worker
  hasEnded: boolean
  readonly unanswered: PromiseWithResolvers<readonly FileProblem[]>[]
}

/** The threads that open blobs and write them into files. Each is started when those before have something to do: a small restore needs one. */
export class WriterPool {
  readonly #writers: Writer[] = []
  readonly #maxWriters: number
  readonly #settings: Omit<WriterSettings, 'stop'>
  readonly #stop = new StopFlag()
  #window: SharedArrayBuffer | undefined
  #failure: { error: unknown } | undefined
  #isClosed = false

  constructor(count: number, settings: Omit<WriterSettings, 'stop'>) {
    this.#maxWriters = count
    this.#settings = settings
  }

  beginWindow(state: SharedArrayBuffer): void {
    this.#window = state
    for (const { worker } of this.#writers) worker.postMessage({ kind: 'window', state } satisfies WriterOrder)
  }

  /** Gives what became of it; throws when nothing more can be written. */
  async write(order: Extract<WriterOrder, { kind: 'blobs' | 'verify' }>): Promise<readonly FileProblem[]> {
    if (this.#failure !== undefined) throw this.#failure.error
    const writer = this.#leastBusy()
    const answer = Promise.withResolvers<readonly FileProblem[]>()
    writer.unanswered.push(answer)
    writer.worker.postMessage(order, order.kind === 'blobs' ? transferable(order.bytes) : [])
    return await answer.promise
  }

  async close(reason: unknown = new EffectError('restore_closed', 'the restore was ended')): Promise<void> {
    this.#isClosed = true
    this.#fail(reason)
    this.#stop.raise()
    const wake: WriterOrder = { kind: 'verify', files: [] }
    await Promise.all(
      this.#writers.map(async ({ worker, hasEnded }) => {
        if (!hasEnded) await endThread(worker, () => worker.postMessage(wake))
      }),
    )
  }

  #leastBusy(): Writer {
    const [first, ...others] = this.#writers
    if (first === undefined) return this.#start()
    const best = others.reduce((least, each) => (each.unanswered.length < least.unanswered.length ? each : least), first)
    return best.unanswered.length > 0 && this.#writers.length < this.#maxWriters ? this.#start() : best
  }

  #start(): Writer {
    const workerData: WriterSettings = { ...this.#settings, stop: this.#stop.buffer }
    const worker = new Worker(siblingEntry(import.meta.url, 'writer'), { workerData, resourceLimits: heapLimits, name: 'restore-writer' })
    const writer: Writer = { worker, hasEnded: false, unanswered: [] }
    worker.on('message', ({ problems, fatal }: WriterReport) => {
      if (fatal === undefined) writer.unanswered.shift()?.resolve(problems)
      else
        this.#fail(
          new EffectError('restore_failed', `the files cannot be written (${fatal}): make room or mend the disk, then restore again`),
        )
    })
    worker.on('error', (error) =>
      this.#fail(new EffectError('restore_failed', `a thread that writes failed: ${describeError(error)}`, { cause: error })),
    )
    worker.on('exit', () => {
      writer.hasEnded = true
      if (!this.#isClosed) this.#fail(new EffectError('restore_failed', 'a thread that writes ended by itself'))
    })
    if (this.#window !== undefined) worker.postMessage({ kind: 'window', state: this.#window } satisfies WriterOrder)
    this.#writers.push(writer)
    return writer
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    for (const { unanswered } of this.#writers) for (const { reject } of unanswered.splice(0)) reject(this.#failure.error)
  }
}

/** Bytes with memory of their own are handed over; a part of a larger memory is copied. */
function transferable(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : []
}
