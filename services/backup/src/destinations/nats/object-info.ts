import { z } from 'zod'

/** Of NATS's object stores (ADR-20): what stands in the message that describes an object. Other keys are left alone. */
const objectInfoSchema = z.object({
  name: z.string(),
  nuid: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  size: z.int().min(0),
  chunks: z.int().min(0),
  digest: z.string().optional(),
  deleted: z.boolean().optional(),
  options: z.object({ max_chunk_size: z.int().min(1).optional() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
})
export type ObjectInfo = z.infer<typeof objectInfoSchema>

/** An object as it stands in the stream; `revision` is the place of its description. */
export interface StoredObject {
  readonly info: ObjectInfo
  readonly revision: number
}

/** What other clients cut objects into. */
export const usualChunkBytes = 128 * 1024
/** Key of the metadata that says where in the stream the chunks are, so that a range needs no reader. */
const placesKey = 'nightshift_chunks'

/** Undefined for what is no description of an object. */
export function parseObjectInfo(data: Uint8Array): ObjectInfo | undefined {
  try {
    return objectInfoSchema.safeParse(JSON.parse(Buffer.from(data).toString())).data
  } catch {
    return undefined
  }
}

export function describeObject(object: {
  bucket: string
  name: string
  nuid: string
  sizeBytes: number
  chunkBytes: number
  digest: string
  places: readonly number[]
  nowMs: number
}): string {
  return JSON.stringify({
    name: object.name,
    options: { max_chunk_size: object.chunkBytes },
    bucket: object.bucket,
    nuid: object.nuid,
    size: object.sizeBytes,
    chunks: object.places.length,
    mtime: new Date(object.nowMs).toISOString(),
    digest: object.digest,
    metadata: { [placesKey]: encodePlaces(object.places) },
  })
}

/** `120+3 200` for 120, 121, 122, 200: chunks of one writer mostly follow each other. */
export function encodePlaces(places: readonly number[]): string {
  const runs: { first: number; count: number }[] = []
  for (const place of places) {
    const last = runs.at(-1)
    if (last !== undefined && last.first + last.count === place) last.count++
    else runs.push({ first: place, count: 1 })
  }
  return runs.map(({ first, count }) => (count === 1 ? `${first}` : `${first}+${count}`)).join(' ')
}

/** Where the chunks are; undefined when another client wrote the object, or the note makes no sense. */
export function placesOf(info: ObjectInfo): number[] | undefined {
  const text = info.metadata?.[placesKey]
  if (text === undefined || !/^(?:\d{1,15}(?:\+\d{1,7})?(?: |$))*$/.test(text)) return undefined
  const places: number[] = []
  for (const run of text.split(' ').filter(Boolean)) {
    const [first = 0, count = 1] = run.split('+').map(Number)
    if (places.length + count > info.chunks) return undefined
    for (let index = 0; index < count; index++) places.push(first + index)
  }
  return places.length === info.chunks ? places : undefined
}

/** The subjects of a bucket. */
export const subjectsOf = (bucket: string) => ({
  stream: `OBJ_${bucket}`,
  allChunks: `$O.${bucket}.C.>`,
  allInfos: `$O.${bucket}.M.>`,
  chunks: (nuid: string): string => `$O.${bucket}.C.${nuid}`,
  info: (name: string): string => `$O.${bucket}.M.${base64Url(Buffer.from(name))}`,
})
export type BucketSubjects = ReturnType<typeof subjectsOf>

export function digestText(sha256: Uint8Array): string {
  return `SHA-256=${base64Url(sha256)}`
}

/** With its padding, as all clients of object stores write it. */
function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** The name of an object in the subject of its description. */
export function nameInSubject(subject: string): string {
  return Buffer.from(subject.slice(subject.lastIndexOf('.') + 1), 'base64url').toString()
}
