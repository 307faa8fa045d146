import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

/** How much of the beginning of a file tells it from another one under its inode. Log lines begin with a time, so this is plenty. */
const maxHeadBytes = 512
/** Of so few bytes two different files may well begin alike. */
const tellingBytes = 48
/** Of the first line, whose rest may still be on its way. */
const maxMarkBytes = 256

/** The beginning of a file, as it is stored: not the bytes, which may be confidential. */
export interface StoredHead {
  readonly bytes: number
  readonly sha256: string
}

export async function readHead(handle: FileHandle, bytes: number = maxHeadBytes): Promise<Buffer> {
  const length = Math.min(bytes, maxHeadBytes)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}

export function storeHead(head: Buffer): StoredHead {
  return { bytes: head.length, sha256: createHash('sha256').update(head).digest('hex').slice(0, 32) }
}

/** Whether the file still begins as it did. */
export async function beginsWith(handle: FileHandle, head: StoredHead): Promise<boolean> {
  const now = await readHead(handle, head.bytes)
  return now.length === head.bytes && storeHead(now).sha256 === head.sha256
}

/** Whether a head is long enough to know a copy of the file by it. */
export function isTelling(head: StoredHead): boolean {
  return head.bytes >= tellingBytes
}

export function isWholeHead(head: Buffer): boolean {
  return head.length >= maxHeadBytes
}

/** A short mark of the first line of a file. Taken when a line was read, so that the first one is complete. */
export function firstLineMark(head: Buffer): string {
  const end = head.indexOf(10)
  return storeHead(head.subarray(0, Math.min(end === -1 ? head.length : end, maxMarkBytes))).sha256.slice(0, 12)
}
