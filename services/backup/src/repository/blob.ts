import { hash } from 'node:crypto'

/** What a blob holds: a piece of a file, or the list of a folder. They never share a pack. */
export type BlobType = 'data' | 'tree'

/** SHA-256 of the plain bytes: 64 lower-case hex digits. */
export type BlobId = string

/** No blob is larger, as sealed; a file from outside that promises more is refused before memory is taken for it. */
export const maxBlobBytes = 1024 * 1024 * 1024

const idPattern = /^[0-9a-f]{64}$/

/** The id of these plain bytes. */
export function blobIdOf(plain: Uint8Array): BlobId {
  return hash('sha256', plain, 'hex')
}

/** True for what may name a blob or a file of a repository. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value)
}
