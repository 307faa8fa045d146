import { parentPort, workerData } from 'node:worker_threads'
import { blobIdOf, type BlobId } from '../../repository/blob.ts'
import { SharedIndex } from '../../repository/index/shared-index.ts'
import { createRabin } from '../../repository/kernels/rabin.ts'
import { PackBuilder } from '../../repository/pack/pack-builder.ts'
import { Cutter } from './cutter.ts'
import { PackGate } from './pack-gate.ts'
import { readFile } from './read-file.ts'
import { StopFlag } from './stop-flag.ts'
import type { ReaderOrder, ReaderReport } from './read-request.ts'
import type { ReaderSettings } from './reader-settings.ts'

/** Packs of one reader that may be on their way to the destination, while it fills the next. */
const packsInFlight = 1

/**
 * A thread of the archive. The bytes of a file never leave it but as part of a finished pack: it reads, cuts, hashes, asks the index that
 * all threads share whether it is the first to have the blob, compresses and seals.
 */
const settings = workerData as ReaderSettings
const index = new SharedIndex(settings.index)
const builder = new PackBuilder(settings.keys, 'data', { verify: settings.verify })
const gate = new PackGate(settings.gate)
const stop = new StopFlag(settings.stop)
const bytesRead = new BigInt64Array(settings.bytesRead)
const rabin = createRabin(settings.polynomial)
const files = new Cutter(settings.polynomial, rabin, store)
let stream: { cutter: Cutter; sizeBytes: number } | undefined

parentPort?.on('message', (order: ReaderOrder) => {
  stop.endIfRaised()
  switch (order.kind) {
    case 'files':
      return report({ kind: 'content', contents: order.files.map((file) => readFile(file, files, count)) })
    case 'stream':
      stream = { cutter: new Cutter(settings.polynomial, rabin, store), sizeBytes: 0 }
      return stream.cutter.begin(order.policy)
    case 'part':
      takePart(order.bytes)
      return report({ kind: 'partTaken' })
    case 'streamEnd': {
      const contents = stream === undefined ? [] : [{ content: stream.cutter.end(), sizeBytes: stream.sizeBytes, hasChanged: false }]
      stream = undefined
      return report({ kind: 'content', contents })
    }
    case 'finish':
      finishPack()
      return report({ kind: 'finished' })
  }
})

function takePart(bytes: Uint8Array): void {
  if (stream === undefined) return
  for (let at = 0; at < bytes.length;) {
    const space = stream.cutter.space()
    const taken = Math.min(space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + taken))
    stream.cutter.filled(taken)
    at += taken
  }
  stream.sizeBytes += bytes.length
  count(bytes.length)
}

function store(plain: Uint8Array): BlobId {
  stop.endIfRaised()
  const id = blobIdOf(plain)
  if (index.claim('data', id)) {
    builder.add(id, plain)
    if (builder.isFull) finishPack()
  }
  return id
}

function finishPack(): void {
  if (builder.isEmpty) return
  const { packId, bytes, blobs } = builder.finish()
  gate.enter(packsInFlight)
  report({ kind: 'pack', packId, bytes, blobs }, [bytes.buffer as ArrayBuffer])
}

function count(sizeBytes: number): void {
  Atomics.add(bytesRead, 0, BigInt(sizeBytes))
}

function report(message: ReaderReport, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
