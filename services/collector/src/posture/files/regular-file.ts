import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { ContractError } from '@nightshift/shared/errors'

export interface FileContent {
  readonly bytes: Buffer
  readonly stats: Stats
}

/**
 * A regular file of at most `maxBytes`. Others may have put anything under a name in their own folders: a pipe or a device is refused
 * without waiting for it.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<FileContent> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  const stats = await file.stat()
  if (!stats.isFile()) throw new ContractError('no_regular_file', 'it is no regular file')
  if (stats.size > maxBytes) throw new ContractError('too_large_to_read', `it has more than ${maxBytes} bytes`)
  const buffer = Buffer.alloc(Math.max(4096, stats.size + 1))
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return { bytes: buffer.subarray(0, length), stats }
}
