import type { Clock } from '@nightshift/shared/clock'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { Store } from '../../src/destinations/store.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import { Repository } from '../../src/repository/repository.ts'
import type { TreeNode } from '../../src/snapshot/node.ts'
import { saveSnapshot, type Snapshot, type SnapshotDraft } from '../../src/snapshot/snapshot.ts'
import { encodeTree } from '../../src/snapshot/tree.ts'
import { resticPassword } from './restic.ts'

/** A clock that stands until a test turns it. */
export class HandClock implements Clock {
  #nowMs: number

  constructor(nowMs = Date.parse('2026-03-01T00:00:00Z')) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }
}

/** A new repository whose key costs little. */
export async function createRepository(store: Store = new MemoryStore(), polynomial?: bigint): Promise<Repository> {
  return Repository.create(store, {
    password: resticPassword,
    kdf: { N: 1024, r: 8, p: 1 },
    host: 'test',
    username: 'test',
    nowMs: 0,
    ...(polynomial !== undefined && { polynomial }),
  })
}

/** The same place, opened by somebody else, with the index loaded. */
export async function reopen(store: Store): Promise<Repository> {
  const repository = await Repository.open(store, { password: resticPassword })
  await repository.loadIndex()
  return repository
}

export function nodeOf(name: string, fields: Partial<TreeNode> & Pick<TreeNode, 'type'>): TreeNode {
  return {
    name: Buffer.from(name),
    mode: 0o644,
    mtimeNs: 1_700_000_000_000_000_000n,
    ctimeNs: 1_700_000_000_000_000_000n,
    atimeNs: 1_700_000_000_000_000_000n,
    uid: 0,
    gid: 0,
    inode: 7n,
    deviceId: 0n,
    size: 0,
    links: fields.type === 'dir' ? 0 : 1,
    ...fields,
  }
}

/** Files by path, `a/b.txt`; each value is the list of its pieces. */
export type Files = Readonly<Record<string, readonly (string | Buffer)[]>>

/** Stores files as a run would: blobs, then trees, all durable, and then the snapshot. */
export async function backUp(repository: Repository, files: Files, draft: Partial<SnapshotDraft> = {}): Promise<Snapshot> {
  const writer = new BlobWriter(repository)
  const tree = await storeFolder(writer, files)
  await writer.flush()
  return saveSnapshot(repository, { timeMs: 0, paths: ['/'], hostname: 'test', username: 'test', tags: [], tree, ...draft })
}

async function storeFolder(writer: BlobWriter, files: Files): Promise<string> {
  const nodes: TreeNode[] = []
  const folders = new Map<string, Record<string, readonly (string | Buffer)[]>>()
  for (const [path, pieces] of Object.entries(files)) {
    const [first = '', ...rest] = path.split('/')
    if (rest.length > 0) {
      folders.set(first, { ...folders.get(first), [rest.join('/')]: pieces })
      continue
    }
    const blobs = pieces.map((piece) => Buffer.from(piece))
    for (const blob of blobs) await writer.save('data', blob)
    const size = blobs.reduce((sum, blob) => sum + blob.length, 0)
    nodes.push(nodeOf(first, { type: 'file', size, content: blobs.map(blobIdOf) }))
  }
  for (const [name, below] of folders) nodes.push(nodeOf(name, { type: 'dir', mode: 0o755, subtree: await storeFolder(writer, below) }))
  return (await writer.save('tree', encodeTree(nodes))).id
}

export async function idsOf(store: Store, type: 'data' | 'index' | 'snapshot' | 'lock'): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.list(type)) ids.push(id)
  return ids.toSorted()
}
