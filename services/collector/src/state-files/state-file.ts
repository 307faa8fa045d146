import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConflictError } from '@nightshift/shared/errors'

/** The text of a file that an earlier run wrote; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts a file in place of the one that is there: whole or not at all, and on the disk when it resolves. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.tmp`
  {
    await using file = await open(temporary, 'w', 0o600)
    await write(file)
    await file.datasync()
  }
  await rename(temporary, path)
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

/** Throws ConflictError `newer_state` for what a newer version of this program wrote. */
export function assertNotNewer(version: unknown, ours: number, path: string): void {
  if (typeof version === 'number' && version > ours)
    throw new ConflictError('newer_state', `${path} was written by a newer version (${version}): start that one, or move the file away`)
}
