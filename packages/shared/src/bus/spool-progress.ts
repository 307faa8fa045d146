import { readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

const newline = 0x0a

function progressPath(folder: string): string {
  return join(folder, 'events.progress')
}

/** Notes that everything before `offset` was sent. Not synced: should it be lost, some events are sent again with the same id. */
export async function noteProgress(folder: string, progress: { generation: string; offset: number }): Promise<void> {
  const temporary = `${progressPath(folder)}.tmp`
  await writeFile(temporary, JSON.stringify(progress), { mode: 0o600 })
  await rename(temporary, progressPath(folder))
}

/** Where to go on. What was noted for another generation of the file, or is not the beginning of a line, counts for nothing. */
export async function readProgress(
  folder: string,
  file: FileHandle,
  lines: { generation: string; from: number; to: number },
): Promise<number> {
  try {
    const { generation, offset } = JSON.parse(await readFile(progressPath(folder), 'utf8'))
    if (generation !== lines.generation || !Number.isInteger(offset) || offset < lines.from || offset > lines.to) return lines.from
    const before = Buffer.alloc(1)
    await file.read(before, 0, 1, offset - 1)
    return before[0] === newline ? offset : lines.from
  } catch {
    return lines.from
  }
}

export async function forgetProgress(folder: string): Promise<void> {
  await rm(progressPath(folder), { force: true })
}
