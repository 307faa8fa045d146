import { EffectError, NightshiftError, describeError } from '@nightshift/shared/errors'
import { isId } from '../blob.ts'
import type { Repository } from '../repository.ts'
import { BlobIndex } from './blob-index.ts'
import { parseIndex } from './index-file.ts'

/** Index files that are read at the same time; each is some megabytes of JSON. */
const readersAtOnce = 3

/** Another process may merge index files while we read: then we begin again with its list. */
const maxAttempts = 3

/** All index files of a repository in memory. */
export async function loadIndexFiles(
  repository: Repository,
  signal: AbortSignal | undefined,
  onDamaged: ((error: EffectError) => void) | undefined,
): Promise<BlobIndex> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await loadOnce(repository, signal, onDamaged)
    } catch (error) {
      if (attempt === maxAttempts || !(error instanceof NightshiftError) || error.code !== 'store_missing_file') throw error
    }
  }
}

async function loadOnce(
  repository: Repository,
  signal: AbortSignal | undefined,
  onDamaged: ((error: EffectError) => void) | undefined,
): Promise<BlobIndex> {
  const ids: string[] = []
  for await (const { id } of repository.store.list('index', signal)) if (isId(id)) ids.push(id)
  const index = new BlobIndex()
  const left = ids.values()
  const read = async (): Promise<void> => {
    for (const id of left) {
      signal?.throwIfAborted()
      await loadFile(repository, id, index, signal).catch((error: unknown) => {
        if (!(error instanceof EffectError) || error.code !== 'index_damaged' || onDamaged === undefined) throw error
        onDamaged(error)
      })
    }
  }
  await Promise.all(Array.from({ length: readersAtOnce }, read))
  return index
}

async function loadFile(repository: Repository, id: string, index: BlobIndex, signal: AbortSignal | undefined): Promise<void> {
  try {
    for (const { packId, blobs } of parseIndex(await repository.readJson('index', id, signal))) index.add(packId, blobs)
  } catch (error) {
    if (!(error instanceof NightshiftError) || (error.code !== 'index_damaged' && error.code !== 'file_damaged')) throw error
    throw new EffectError(
      'index_damaged',
      `index file ${id} in ${repository.store.description} is damaged (${describeError(error, 0)}): ` +
        'run `nightshift backup repair` to make the index anew from the packs',
      { severity: 'high', cause: error },
    )
  }
}
