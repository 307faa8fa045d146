import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileTypes } from '../../src/destinations/layout.ts'
import type { Store } from '../../src/destinations/store.ts'

/** A small tree in the folder, of which the large file fills more than a chunk. */
export async function makeTree(folder: string): Promise<{ path: string; sha256: string }> {
  await mkdir(join(folder, 'tree', 'deep'), { recursive: true })
  const large = randomBytes(3_000_000)
  await writeFile(join(folder, 'tree', 'large.bin'), large)
  for (let index = 0; index < 40; index++) await writeFile(join(folder, 'tree', 'deep', `${index}.txt`), `file ${index}\n`.repeat(index))
  return { path: join(folder, 'tree'), sha256: sha256(large) }
}

export async function restoredSha256(target: string, tree: string): Promise<string> {
  return sha256(await readFile(join(target, tree, 'large.bin')))
}

/** Every file of one store into another, as a copy of a repository is right at any instant. */
export async function copyFiles(from: Store, to: Store): Promise<number> {
  await to.create()
  let copied = 0
  for (const type of fileTypes.filter((other) => other !== 'lock')) {
    for await (const { id } of from.list(type)) {
      await to.write({ type, id }, await from.read({ type, id }))
      copied++
    }
  }
  return copied
}

/** How many files do not have the hash that is their name; the config has none. */
export async function countFiles(store: Store): Promise<{ total: number; damaged: number }> {
  let [total, damaged] = [0, 0]
  for (const type of fileTypes) {
    for await (const { id, sizeBytes } of store.list(type)) {
      const bytes = await store.read({ type, id })
      total++
      if (bytes.length !== sizeBytes || (type !== 'config' && sha256(bytes) !== id)) damaged++
    }
  }
  return { total, damaged }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
