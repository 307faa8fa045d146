import type { Repository } from '../../src/repository/repository.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { backUp, folderMaterial, openRepository, restoreTo } from './archive-scene.ts'
import { differences, looksOf } from './nasty-tree.ts'

/**
 * In a process of its own, to be killed; says `working` when it begins:
 * `node archive-process.ts backup|restore|judge REPOSITORY FOLDER`, `node archive-process.ts compare FOLDER FOLDER`.
 */
const [, , action, first = '', second = ''] = process.argv

if (action === 'compare') {
  const found = differences(looksOf(first), looksOf(second))
  if (found.length > 0) throw new Error(found.slice(0, 10).join('\n'))
} else {
  const repository = await openRepository(first)
  process.stdout.write('working\n')
  if (action === 'backup') await backUp(repository, folderMaterial(second), { checkpointMs: 50 })
  else await restoreLast(repository, second, action === 'judge')
  process.stdout.write('done\n')
}

/** Throws when the index names a pack that is not there, or the last snapshot cannot be restored whole. */
async function restoreLast(repository: Repository, to: string, verify: boolean): Promise<void> {
  const snapshots = await listSnapshots(repository)
  const last = snapshots.at(-1)
  process.stdout.write(`${snapshots.length} snapshots\n`)
  for (const packId of repository.index.packs()) {
    if ((await repository.store.sizeOf({ type: 'data', id: packId })) === undefined) throw new Error(`the index names the pack ${packId}`)
  }
  if (last === undefined) return
  const { problems } = await restoreTo(repository, last, to, { existing: 'replace', verify })
  if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 10)))
}
