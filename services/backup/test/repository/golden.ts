import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType } from '../../src/destinations/store.ts'

const types: Readonly<Record<string, FileType>> = { keys: 'key', data: 'data', index: 'index', snapshots: 'snapshot' }

/** A repository that the real restic made, from the folder of fixtures, in memory: tests may damage it. */
export async function goldenStore(name: string): Promise<MemoryStore> {
  const folder = new URL(`../fixtures/${name}/`, import.meta.url).pathname
  const store = new MemoryStore(`golden ${name}`)
  for (const path of await readdir(folder, { recursive: true })) {
    const type = path === 'config' ? 'config' : types[path.split('/')[0] ?? '']
    const id = type === 'config' ? '' : basename(path)
    if (type === undefined || (type !== 'config' && id.length !== 64)) continue
    await store.write({ type, id }, await readFile(join(folder, path)))
  }
  return store
}
