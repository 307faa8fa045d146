import { createHash } from 'node:crypto'
import { JetStreamApiError } from '@nats-io/jetstream'
import { nuid as newNuid } from '@nats-io/transport-node'
import { unlessBroken, type Live } from '@nightshift/shared/bus/live'
import { BusError } from '@nightshift/shared/errors'
import { inWindow } from './in-window.ts'
import { describeObject, digestText, usualChunkBytes, type BucketSubjects } from './object-info.ts'

/** Chunks on their way that are not acknowledged: 1 MiB. */
const chunksAtOnce = 8
/** The server answers so when the description is no longer the one that we saw. */
const wrongLastSequence = new Set([10_071, 10_164])

export interface Upload {
  readonly bucket: string
  readonly name: string
  readonly bytes: Uint8Array
  /** Of the description that is there, 0 for none: nobody else may have come first. */
  readonly previousRevision: number
  readonly nowMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * Stores an object: its chunks, each acknowledged, then the description, by which it begins to exist. False when somebody else came first.
 * What a failure leaves are chunks without a description; they are removed if the bus still answers, else by the next sweep.
 */
export async function uploadObject(live: Live, subjects: BucketSubjects, upload: Upload): Promise<boolean> {
  const nuid = newNuid.next()
  const chunkBytes = Math.min(usualChunkBytes, live.nc.info?.max_payload ?? usualChunkBytes)
  try {
    const places = await publishChunks(live, subjects, nuid, chunkBytes, upload)
    const description = describeObject({
      bucket: upload.bucket,
      name: upload.name,
      nuid,
      sizeBytes: upload.bytes.length,
      chunkBytes,
      digest: digestText(createHash('sha256').update(upload.bytes).digest()),
      places,
      nowMs: upload.nowMs,
    })
    upload.signal?.throwIfAborted()
    if (await publishDescription(live, subjects.info(upload.name), description, upload.previousRevision)) return true
  } catch (error) {
    if (!(error instanceof MaybeStored)) await discardChunks(live, subjects, nuid)
    throw error instanceof MaybeStored ? error.cause : error
  }
  await discardChunks(live, subjects, nuid)
  return false
}

/** The bus did not say whether it has the description: its chunks must stay. */
class MaybeStored extends Error {}

async function publishChunks(live: Live, subjects: BucketSubjects, nuid: string, chunkBytes: number, upload: Upload): Promise<number[]> {
  const { bytes, signal } = upload
  const places: number[] = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, () => 0)
  const subject = subjects.chunks(nuid)
  await inWindow(places.length, chunksAtOnce, async (index) => {
    signal?.throwIfAborted()
    const chunk = bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)
    const ack = await unlessBroken(live, live.js.publish(subject, chunk))
    if (ack.stream !== subjects.stream) throw new BusError('bus_refused', `${ack.stream} takes what is for ${subjects.stream}`)
    places[index] = ack.seq
  })
  // Readers take chunks in the order of the stream.
  if (places.some((place, index) => index > 0 && place <= (places[index - 1] ?? 0)))
    throw new BusError('bus_error', 'the bus stored chunks out of order', { transient: true })
  return places
}

async function publishDescription(live: Live, subject: string, description: string, previousRevision: number): Promise<boolean> {
  try {
    await unlessBroken(live, live.js.publish(subject, description, { expect: { lastSubjectSequence: previousRevision } }))
    return true
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw new MaybeStored('no answer', { cause: error })
    if (wrongLastSequence.has(error.code)) return false
    throw error
  }
}

async function discardChunks(live: Live, subjects: BucketSubjects, nuid: string): Promise<void> {
  if (live.broken.aborted) return
  try {
    await unlessBroken(live, live.jsm.streams.purge(subjects.stream, { filter: subjects.chunks(nuid) }))
  } catch {
    // The failure that is already on its way says more; the sweep finds the chunks.
  }
}
