import { open, stat } from 'node:fs/promises'

export type FileBytes = { ok: true; bytes: Uint8Array; mode: number } | { ok: false; reason: string; hint?: string }

/** The bytes of a regular file of at most `maxBytes`, or why they cannot be had, in words that continue "the file …". */
export async function readBounded(file: string, maxBytes: number): Promise<FileBytes> {
  let handle
  try {
    // Before open: a named pipe would block it for as long as nobody writes.
    const facts = await stat(file)
    if (facts.isDirectory()) return { ok: false, reason: 'is a folder', hint: 'name the file in it' }
    if (!facts.isFile()) return { ok: false, reason: 'is no regular file' }
    handle = await open(file, 'r')
    const buffer = Buffer.alloc(maxBytes + 1)
    let length = 0
    let read = -1
    while (read !== 0 && length < buffer.length) {
      read = (await handle.read(buffer, length, buffer.length - length, null)).bytesRead
      length += read
    }
    if (length > maxBytes) return { ok: false, reason: `is larger than ${formatLimit(maxBytes)}`, hint: 'is it the right file?' }
    return { ok: true, bytes: buffer.subarray(0, length), mode: facts.mode }
  } catch (error) {
    return { ok: false, ...reasonOf(error) }
  } finally {
    await handle?.close()
  }
}

function formatLimit(bytes: number): string {
  return bytes >= 1_048_576 ? `${bytes / 1_048_576} MiB` : `${bytes / 1024} KiB`
}

function reasonOf(error: unknown): { reason: string; hint?: string } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return { reason: 'does not exist' }
  if (code === 'EACCES' || code === 'EPERM')
    return { reason: 'may not be read by this user', hint: 'let the user that runs Nightshift read it' }
  return { reason: `cannot be read${typeof code === 'string' ? ` (${code})` : ''}` }
}
