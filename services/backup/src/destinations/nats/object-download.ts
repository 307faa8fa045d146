import { createHash } from 'node:crypto'
import type { StoredMsg } from '@nats-io/jetstream'
import { unlessBroken, type Live } from '@nightshift/shared/bus/live'
import { inWindow } from './in-window.ts'
import { digestText, placesOf, usualChunkBytes, type BucketSubjects, type ObjectInfo } from './object-info.ts'

const chunksAtOnce = 8

/** A chunk is missing, or not what its description says. */
export class BrokenObject extends Error {}

/** The bytes from `start` to `end` of an object; when that is all of it, its digest is checked too. Throws BrokenObject. */
export async function downloadObject(
  live: Live,
  subjects: BucketSubjects,
  info: ObjectInfo,
  range: { start: number; end: number },
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const chunkBytes = info.options?.max_chunk_size ?? usualChunkBytes
  if (info.chunks !== Math.ceil(info.size / chunkBytes)) throw new BrokenObject(`${info.chunks} chunks do not make ${info.size} bytes`)
  const bytes = Buffer.allocUnsafe(range.end - range.start)
  const first = Math.floor(range.start / chunkBytes)
  const count = bytes.length === 0 ? 0 : Math.ceil(range.end / chunkBytes) - first
  const take = (index: number, chunk: Uint8Array): void => {
    const from = index * chunkBytes
    if (chunk.length !== Math.min(chunkBytes, info.size - from)) throw new BrokenObject(`chunk ${index} has ${chunk.length} bytes`)
    const part = chunk.subarray(Math.max(0, range.start - from), Math.min(chunk.length, range.end - from))
    bytes.set(part, Math.max(0, from - range.start))
  }
  const places = placesOf(info)
  if (places === undefined) await readInOrder(live, subjects, info, first, count, take, signal)
  else {
    await inWindow(count, chunksAtOnce, async (offset) => {
      signal?.throwIfAborted()
      const index = first + offset
      const message = await getMessage(live, subjects.stream, { seq: places[index] ?? 0 })
      if (message?.subject !== subjects.chunks(info.nuid)) throw new BrokenObject(`chunk ${index} is not at ${places[index]}`)
      take(index, message.data)
    })
  }
  const isWhole = bytes.length === info.size
  if (isWhole && info.digest !== undefined && info.digest !== '') {
    const found = digestText(createHash('sha256').update(bytes).digest())
    if (found !== info.digest) throw new BrokenObject(`its bytes have the digest ${found}, not ${info.digest}`)
  }
  return bytes
}

/** For objects of other clients, which do not note where their chunks are: one after the other, from the first. */
async function readInOrder(
  live: Live,
  subjects: BucketSubjects,
  info: ObjectInfo,
  first: number,
  count: number,
  take: (index: number, chunk: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let seq = 1
  for (let index = 0; index < first + count; index++) {
    signal?.throwIfAborted()
    const message = await getMessage(live, subjects.stream, { seq, next_by_subj: subjects.chunks(info.nuid) })
    if (message === null) throw new BrokenObject(`chunk ${index} of ${info.chunks} is missing`)
    if (index >= first) take(index, message.data)
    seq = message.seq + 1
  }
}

/** From the nearest server that has it; one that lags behind is not believed when it says that there is nothing. */
async function getMessage(live: Live, stream: string, query: { seq: number; next_by_subj?: string }): Promise<StoredMsg | null> {
  const message = await unlessBroken(live, live.jsm.direct.getMessage(stream, query))
  return message ?? (await unlessBroken(live, live.jsm.streams.getMessage(stream, query)))
}
