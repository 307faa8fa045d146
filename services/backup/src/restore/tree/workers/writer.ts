import { closeSync, constants, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { describeError } from '@nightshift/shared/errors'
import { blobIdOf } from '../../../repository/blob.ts'
import { StopFlag } from '../../../archive/workers/stop-flag.ts'
import { openBlob } from '../../../repository/pack/open-blob.ts'
import { release } from '../../../repository/release.ts'
import { Seal } from '../../../repository/seal.ts'
import { blobsOf, placeAt, targetsOf, type BlobOrder, type OrderedBlob } from './blob-order.ts'
import { OpenFiles, putWhole } from './open-files.ts'
import { WindowState } from './window-state.ts'
import type { FileProblem, FileTarget, FileToVerify, WriterOrder, WriterReport, WriterSettings } from './write-request.ts'
import { writeAll, writeSparse } from './write-sparse.ts'

/** A blob that shrinks that much may be zeros for the most part; looking for them in all others would cost and find nothing. */
const sparseShrink = 16
/** After these no other file can be written either. */
const fatalCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'])

const settings = workerData as WriterSettings
const seal = new Seal(settings.keys)
const stop = new StopFlag(settings.stop)
const bytesWritten = new BigInt64Array(settings.bytesWritten)
const files = new OpenFiles()
let state = new WindowState(new SharedArrayBuffer(0))
let readBuffer = Buffer.alloc(0)

parentPort?.on('message', (order: WriterOrder) => {
  stop.endIfRaised()
  if (order.kind === 'window') {
    files.closeAll()
    state = new WindowState(order.state)
    return
  }
  const problems: FileProblem[] = []
  let report: WriterReport = { problems }
  try {
    if (order.kind === 'verify') problems.push(...order.files.flatMap((file) => verify(file)))
    else writeBlobs(order, problems)
  } catch (error) {
    report = { problems, fatal: describeError(error) }
  }
  parentPort?.postMessage(report)
})

function writeBlobs(order: BlobOrder, problems: FileProblem[]): void {
  const targets = targetsOf(order)
  for (const blob of blobsOf(order)) {
    stop.endIfRaised()
    const plain = open(blob, order.bytes.subarray(blob.at, blob.at + blob.lengthBytes))
    for (let place = blob.firstPlace; place < blob.endPlace; place++) {
      const { position, offset } = placeAt(order, place)
      const file = targets[position]
      if (file === undefined) continue
      const problem = plain === undefined ? `incomplete: the blob ${blob.id} is damaged` : put(file, blob, plain, offset)
      if (problem !== undefined) problems.push({ file: file.index, reason: problem })
    }
    if (plain !== undefined) release(plain)
  }
  release(order.bytes)
}

function open(blob: OrderedBlob, sealed: Uint8Array): Buffer | undefined {
  try {
    const plain = openBlob(seal, sealed, blob.plainBytes)
    return blobIdOf(plain) === blob.id ? plain : undefined
  } catch {
    return undefined
  }
}

function put(file: FileTarget, blob: OrderedBlob, plain: Buffer, offset: number): string | undefined {
  const isSparse = blob.lengthBytes * sparseShrink < plain.length
  try {
    Atomics.add(bytesWritten, 0, BigInt(plain.length))
    if (file.blobs === 1) return putWhole(file, plain, isSparse)
    const descriptor = files.get(file, state)
    if (isSparse) writeSparse(descriptor, plain, offset)
    else writeAll(descriptor, plain, offset)
    return state.isLast(file.index) ? files.finish(file, state) : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && fatalCodes.has(String(error.code))) throw error
    return `cannot be written: ${describeError(error)}`
  }
}

/** Reads a file again and compares each piece with its hash. */
function verify(file: FileToVerify): FileProblem[] {
  const fail = (reason: string): FileProblem[] => [{ file: file.index, reason }]
  let descriptor: number | undefined
  try {
    descriptor = openSync(Buffer.from(file.path, 'latin1'), constants.O_RDONLY | constants.O_NOFOLLOW)
    for (const [number, id] of file.ids.entries()) {
      const sizeBytes = file.sizesBytes[number] ?? 0
      if (readBuffer.length < sizeBytes) readBuffer = Buffer.allocUnsafeSlow(sizeBytes)
      if (readFully(descriptor, sizeBytes) !== sizeBytes || blobIdOf(readBuffer.subarray(0, sizeBytes)) !== id) {
        return fail('what was read again is not what was written')
      }
    }
    return readSync(descriptor, Buffer.alloc(1)) === 0 ? [] : fail('it is longer than what was written')
  } catch (error) {
    return fail(`cannot be read again: ${describeError(error)}`)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function readFully(descriptor: number, sizeBytes: number): number {
  let at = 0
  while (at < sizeBytes) {
    const got = readSync(descriptor, readBuffer, at, sizeBytes - at, null)
    if (got === 0) break
    at += got
  }
  return at
}
