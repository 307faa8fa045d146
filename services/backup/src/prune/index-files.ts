import { NightshiftError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import { encodeIndex, maxIndexBlobs, parseIndex, type IndexedPack } from '../repository/index/index-file.ts'
import { addMark, decodeMarks, encodeMarks, type Marks } from './marks.ts'

export interface IndexFile {
  readonly id: string
  readonly packIds: readonly string[]
  readonly blobCount: number
  readonly hasMarks: boolean
}

export interface IndexFiles {
  readonly files: readonly IndexFile[]
  readonly damagedIds: readonly string[]
  readonly marks: Marks
}

/** Many small files, as runs that store little leave them, make every opening slow: they are joined. */
const smallFileBlobs = 5000
const maxSmallFiles = 16

/** What index files there are, which packs each tells of, and which cannot be read. */
export async function listIndexFiles(repository: Repository, signal?: AbortSignal): Promise<IndexFiles> {
  const files: IndexFile[] = []
  const damagedIds: string[] = []
  const marks = new Map<string, number>()
  for await (const { id } of repository.store.list('index', signal)) {
    const index = await readIndex(repository, id, signal)
    if (index === undefined) {
      damagedIds.push(id)
      continue
    }
    for (const [packId, sinceMs] of index.marks) addMark(marks, packId, sinceMs)
    const blobCount = index.packs.reduce((sum, pack) => sum + pack.blobs.length, 0)
    files.push({ id, packIds: index.packs.map(({ packId }) => packId), blobCount, hasMarks: index.marks.size > 0 })
  }
  return { files, damagedIds, marks }
}

async function readIndex(
  repository: Repository,
  id: string,
  signal: AbortSignal | undefined,
): Promise<{ packs: IndexedPack[]; marks: Marks } | undefined> {
  try {
    const index = await repository.readJson('index', id, signal)
    return { packs: parseIndex(index), marks: decodeMarks(index) }
  } catch (error) {
    if (error instanceof NightshiftError && (error.code === 'file_damaged' || error.code === 'index_damaged')) return undefined
    throw error
  }
}

/** Which files must be written anew so that the index no longer knows `forgotten`, and has these marks. */
function filesToRewrite(before: IndexFiles, forgotten: ReadonlySet<string>, marks: Marks): IndexFile[] {
  const small = before.files.filter(({ blobCount, hasMarks }) => blobCount < smallFileBlobs && !hasMarks)
  const joined = new Set(small.length > maxSmallFiles ? small : [])
  const hasNewMarks = !sameMarks(before.marks, marks)
  const seen = new Set<string>()
  return before.files.filter((file) => {
    // A pack that two files tell of stays in one.
    const isDouble = file.packIds.some((packId) => seen.has(packId))
    for (const packId of file.packIds) seen.add(packId)
    return isDouble || joined.has(file) || (file.hasMarks && hasNewMarks) || file.packIds.some((packId) => forgotten.has(packId))
  })
}

function sameMarks(one: Marks, other: Marks): boolean {
  return one.size === other.size && [...one].every(([packId, sinceMs]) => other.get(packId) === sinceMs)
}

/**
 * Writes what stays of these files into new ones, then the marks, and only then removes the old ones: at every instant each blob that
 * stays is in some index.
 */
export async function rewriteIndex(
  repository: Repository,
  before: IndexFiles,
  change: { forgotten: ReadonlySet<string>; marks: Marks },
  signal?: AbortSignal,
): Promise<void> {
  const rewritten = filesToRewrite(before, change.forgotten, change.marks)
  const replaced = new Set(rewritten.map(({ id }) => id))
  const kept = new Set(before.files.filter(({ id }) => !replaced.has(id)).flatMap(({ packIds }) => packIds))
  const written = new Set<string>()
  let packs: IndexedPack[] = []
  let blobCount = 0
  const write = async (): Promise<void> => {
    if (packs.length > 0) written.add(await repository.writeJson('index', encodeIndex(packs), signal))
    packs = []
    blobCount = 0
  }
  for (const { id } of rewritten) {
    for (const pack of parseIndex(await repository.readJson('index', id, signal))) {
      if (change.forgotten.has(pack.packId) || kept.has(pack.packId)) continue
      kept.add(pack.packId)
      if (blobCount + pack.blobs.length > maxIndexBlobs) await write()
      packs.push(pack)
      blobCount += pack.blobs.length
    }
  }
  await write()
  if (change.marks.size > 0 && !sameMarks(before.marks, change.marks)) {
    written.add(await repository.writeJson('index', encodeMarks(change.marks), signal))
  }
  for (const id of replaced) {
    signal?.throwIfAborted()
    if (!written.has(id)) await repository.store.remove({ type: 'index', id }, signal)
  }
}
