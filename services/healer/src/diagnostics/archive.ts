import { appendFile, mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Files that are kept; the oldest go first. */
export const maxSnapshots = 100

/** Adds a snapshot to the file of its run, `<folder>/<run>.txt`, and gives its path. Ids of runs sort by time. */
export async function saveSnapshot(folder: string, run: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${run}.txt`)
  await appendFile(path, `${text}\n`, { mode: 0o600 })
  await prune(folder, path)
  return path
}

async function prune(folder: string, newest: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt'))
  if (names.length <= maxSnapshots) return
  const dated = await Promise.all(
    names.map(async (name) => ({
      path: join(folder, name),
      changedMs: (await stat(join(folder, name))).mtimeMs,
    })),
  )
  const oldest = dated.filter(({ path }) => path !== newest).toSorted((a, b) => a.changedMs - b.changedMs)
  for (const { path } of oldest.slice(0, names.length - maxSnapshots)) await unlink(path)
}
