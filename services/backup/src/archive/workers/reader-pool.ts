import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { siblingEntry } from '@nightshift/shared/service/sibling-entry'
import type { ChunkPolicy } from '../../repository/chunker/chunk-policy.ts'
import type { PackedBlob } from '../../repository/pack/pack-builder.ts'
import { PackGate } from './pack-gate.ts'
import type { FileToRead, ReadContent, ReaderOrder, ReaderReport } from './read-request.ts'
import type { ReaderSettings } from './reader-settings.ts'
import { endThread, StopFlag } from './stop-flag.ts'

/** A batch is sent when it has that many files, or that many bytes. */
const batchFiles = 64
const batchBytes = 1024 ** 2
/** Orders that a reader has at once: one at work, one so that it need not wait for the next. */
const ordersPerReader = 2
/** Files that were asked for and are not read; the walk waits beyond. */
const maxWaiting = 2048
const partBytes = 1024 ** 2
const partsInFlight = 4
/** V8's own, beside packs and read buffers, which are outside of its heap: enough for the ids of a file of terabytes. */
const heapLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 512 }

export interface FinishedPack {
  readonly packId: string
  readonly bytes: Uint8Array
  readonly blobs: PackedBlob[]
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

interface Batch {
  readonly files: FileToRead[]
  readonly waiting: Waiting<ReadContent>[]
  bytes: number
}

interface Reader {
  readonly worker: Worker
  readonly gate: PackGate
  hasEnded: boolean
  /** Orders that are not answered, in the order in which they will be. */
  readonly unanswered: Waiting<ReadContent>[][]
  partsTaken: Waiting<void> | undefined
  parts: number
  finished: Waiting<void> | undefined
}

/**
 * The threads that read, cut, hash, compress and seal. What they finish comes back as whole packs. They are started when there is something
 * to read: a run that finds nothing changed needs none.
 */
export class ReaderPool {
  readonly #readers: Reader[] = []
  readonly #maxReaders: number
  readonly #settings: Omit<ReaderSettings, 'gate' | 'stop'>
  readonly #onPack: (pack: FinishedPack) => Promise<void>
  readonly #queue: Batch[] = []
  #open: Batch = emptyBatch()
  #waiting = 0
  #roomWaiters: Waiting<void>[] = []
  readonly #packs = new Set<Promise<void>>()
  /** Ended with the pool: what makes them may hang. */
  readonly #streams = new Set<Readable>()
  #failure: { error: unknown } | undefined
  readonly #stop = new StopFlag()
  #isClosed = false

  constructor(count: number, settings: Omit<ReaderSettings, 'gate' | 'stop'>, onPack: (pack: FinishedPack) => Promise<void>) {
    this.#onPack = onPack
    this.#maxReaders = count
    this.#settings = settings
  }

  /** Waits while too much was asked for. Call it before each `read`. */
  async room(): Promise<void> {
    this.#throwIfFailed()
    if (this.#waiting < maxWaiting) return
    this.flush()
    const waiter = Promise.withResolvers<void>()
    this.#roomWaiters.push(waiter)
    await waiter.promise
  }

  read(file: FileToRead): Promise<ReadContent> {
    const answer = Promise.withResolvers<ReadContent>()
    if (this.#failure !== undefined) answer.reject(this.#failure.error)
    else {
      this.#waiting += 1
      this.#open.files.push(file)
      this.#open.waiting.push(answer)
      this.#open.bytes += file.sizeBytes
      if (this.#open.files.length >= batchFiles || this.#open.bytes >= batchBytes) this.flush()
    }
    return answer.promise
  }

  /** Nothing more comes soon: what was asked for is sent. */
  flush(): void {
    if (this.#open.files.length > 0) this.#queue.push(this.#open)
    this.#open = emptyBatch()
    this.#pump()
  }

  async readStream(stream: Readable, policy: ChunkPolicy): Promise<ReadContent> {
    const reader = this.#leastBusy()
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
    reader.worker.postMessage({ kind: 'stream', policy } satisfies ReaderOrder)
    let part = Buffer.allocUnsafeSlow(partBytes)
    let filled = 0
    const send = async (): Promise<void> => {
      await this.#partRoom(reader)
      const bytes = new Uint8Array(part.buffer, 0, filled)
      reader.worker.postMessage({ kind: 'part', bytes } satisfies ReaderOrder, [part.buffer as ArrayBuffer])
      part = Buffer.allocUnsafeSlow(partBytes)
      filled = 0
    }
    for await (const piece of stream as AsyncIterable<Buffer>) {
      for (let at = 0; at < piece.length;) {
        const taken = piece.copy(part, filled, at)
        at += taken
        filled += taken
        if (filled === partBytes) await send()
      }
    }
    if (filled > 0) await send()
    this.#throwIfFailed()
    const answer = Promise.withResolvers<ReadContent>()
    reader.unanswered.push([answer])
    reader.worker.postMessage({ kind: 'streamEnd' } satisfies ReaderOrder)
    return await answer.promise
  }

  /** The last packs are finished and written. */
  async finish(): Promise<void> {
    this.flush()
    await Promise.all(
      this.#readers.map(async (reader) => {
        this.#throwIfFailed()
        const finished = Promise.withResolvers<void>()
        reader.finished = finished
        reader.worker.postMessage({ kind: 'finish' } satisfies ReaderOrder)
        await finished.promise
      }),
    )
    await Promise.all(this.#packs)
    this.#throwIfFailed()
  }

  /** Ends the threads, whatever they do. */
  async close(reason: unknown = new EffectError('archive_closed', 'the run was ended')): Promise<void> {
    this.#isClosed = true
    this.#fail(reason)
    this.#stop.raise()
    await Promise.all(
      this.#readers.map(async ({ worker, gate, hasEnded }) => {
        gate.open()
        if (!hasEnded) await endThread(worker, () => worker.postMessage({ kind: 'finish' } satisfies ReaderOrder))
      }),
    )
    await Promise.allSettled(this.#packs)
  }

  #start(): Reader {
    const gate = new PackGate()
    const workerData: ReaderSettings = { ...this.#settings, gate: gate.buffer, stop: this.#stop.buffer }
    const worker = new Worker(siblingEntry(import.meta.url, 'reader'), { workerData, resourceLimits: heapLimits, name: 'backup-reader' })
    const reader: Reader = { worker, gate, hasEnded: false, unanswered: [], partsTaken: undefined, parts: 0, finished: undefined }
    worker.on('message', (report: ReaderReport) => this.#take(reader, report))
    worker.on('error', (error) =>
      this.#fail(
        new EffectError('archive_reader_failed', `a thread that reads failed: ${describeError(error)}`, { cause: error, transient: true }),
      ),
    )
    worker.on('exit', () => {
      reader.hasEnded = true
      if (!this.#isClosed) this.#fail(new EffectError('archive_reader_failed', 'a thread that reads ended by itself', { transient: true }))
    })
    this.#readers.push(reader)
    return reader
  }

  #take(reader: Reader, report: ReaderReport): void {
    switch (report.kind) {
      case 'content': {
        const waiting = reader.unanswered.shift() ?? []
        this.#waiting = Math.max(0, this.#waiting - waiting.length)
        report.contents.forEach((content, index) => waiting[index]?.resolve(content))
        if (this.#waiting < maxWaiting) for (const waiter of this.#roomWaiters.splice(0)) waiter.resolve()
        if (this.#queue.length === 0) this.flush()
        else this.#pump()
        return
      }
      case 'partTaken':
        reader.parts -= 1
        reader.partsTaken?.resolve()
        reader.partsTaken = undefined
        return
      case 'pack': {
        const written = this.#write(reader, report)
        this.#packs.add(written)
        void written.finally(() => this.#packs.delete(written))
        return
      }
      case 'finished':
        reader.finished?.resolve()
    }
  }

  async #write(reader: Reader, pack: FinishedPack): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#onPack(pack)
      // At once, instead of when V8 finds it: a pack is as large as all else that the thread has.
      if (pack.bytes.buffer instanceof ArrayBuffer) pack.bytes.buffer.transfer(0)
    } catch (error) {
      this.#fail(error)
    } finally {
      reader.gate.leave()
    }
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const reader = this.#leastBusy()
      if (reader.unanswered.length >= ordersPerReader) return
      const batch = this.#queue.shift()
      if (batch === undefined) return
      reader.unanswered.push(batch.waiting)
      reader.worker.postMessage({ kind: 'files', files: batch.files } satisfies ReaderOrder)
    }
  }

  async #partRoom(reader: Reader): Promise<void> {
    while (reader.parts >= partsInFlight) {
      this.#throwIfFailed()
      const taken = Promise.withResolvers<void>()
      reader.partsTaken = taken
      await taken.promise
    }
    this.#throwIfFailed()
    reader.parts += 1
  }

  #leastBusy(): Reader {
    this.#throwIfFailed()
    const [first, ...others] = this.#readers
    if (first === undefined) return this.#start()
    const best = others.reduce((least, reader) => (reader.unanswered.length < least.unanswered.length ? reader : least), first)
    return best.unanswered.length > 0 && this.#readers.length < this.#maxReaders ? this.#start() : best
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    const waiting: Pick<Waiting<never>, 'reject'>[] = [
      ...this.#roomWaiters,
      ...[...this.#queue, this.#open].flatMap((batch) => batch.waiting),
      ...this.#readers
        .flatMap(({ unanswered, partsTaken, finished }) => [...unanswered.flat(), partsTaken, finished])
        .filter((each) => each !== undefined),
    ]
    for (const { reject } of waiting) reject(error)
    for (const stream of this.#streams)
      stream.destroy(error instanceof Error ? error : new EffectError('archive_closed', 'the run was ended'))
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

function emptyBatch(): Batch {
  return { files: [], waiting: [], bytes: 0 }
}
