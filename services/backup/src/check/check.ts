import { EffectError, NightshiftError, describeError } from '@nightshift/shared/errors'
import { blobIdOf } from '../repository/blob.ts'
import { parseKeyFile } from '../repository/key-file.ts'
import type { Repository } from '../repository/repository.ts'
import { listIndexFiles } from '../prune/index-files.ts'
import { checkPacks } from './check-packs.ts'
import { checkSnapshotFiles, checkTrees } from './check-snapshots.ts'
import { Findings, type CheckReport } from './findings.ts'
import { choosePart, type ReadData } from './part.ts'
import { readPacks } from './read-packs.ts'

export interface CheckOptions {
  /** Also reads packs whole; without it a flipped byte in the pieces of files is not seen. */
  readonly readData?: ReadData
  /** Ids of snapshots that must be there, for example those whose runs were reported as done. */
  readonly expectedSnapshots?: readonly string[]
  readonly signal?: AbortSignal
  readonly onProgress?: (packsRead: number, packsToRead: number) => void
}

/**
 * Whether what the repository holds can be restored. Changes nothing but the index in memory. Hold a shared lock meanwhile: what a prune
 * removes at the same time would be reported as lost. Throws only where nothing can be said at all: the store is away or refuses us.
 */
export async function check(repository: Repository, options: CheckOptions = {}): Promise<CheckReport> {
  const { signal } = options
  const findings = new Findings()
  await checkKeys(repository, findings, signal)
  // Snapshots before the index, the index before the packs: what a run adds meanwhile is then never missed.
  const snapshots = await checkSnapshotFiles(repository, findings, options.expectedSnapshots ?? [], signal)
  await checkIndex(repository, findings, signal)
  const packIds = await checkPacks(repository, findings, signal)
  await checkTrees(repository, snapshots, findings, signal)
  const reading = {
    ...(signal !== undefined && { signal }),
    ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
  }
  await readPacks(repository, choosePart(packIds, options.readData ?? false), findings, reading)
  const { checked } = findings
  if (
    checked.snapshots === 0 ||
    checked.trees === 0 ||
    (options.readData !== undefined && options.readData !== false && checked.packsRead === 0)
  ) {
    const what = checked.snapshots === 0 ? 'holds no snapshot that can be read' : 'gave nothing that could be read'
    findings.error('nothing_checked', `${repository.store.description} ${what}, so nothing is proven; run the backup first`)
  }
  return findings.report()
}

async function checkKeys(repository: Repository, findings: Findings, signal?: AbortSignal): Promise<void> {
  for await (const { id } of repository.store.list('key', signal)) {
    findings.checked.keys += 1
    try {
      const bytes = await repository.store.read({ type: 'key', id }, signal === undefined ? {} : { signal })
      if (blobIdOf(bytes) !== id) throw new EffectError('key_damaged', 'its bytes do not fit its name')
      parseKeyFile(bytes)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof NightshiftError && error.transient) throw error
      const message = `the key ${id} cannot be used: ${describeError(error)}; add its password anew, then remove this key`
      findings.error('key_damaged', message, { file: { type: 'key', id } })
    }
  }
}

async function checkIndex(repository: Repository, findings: Findings, signal?: AbortSignal): Promise<void> {
  let damaged = 0
  await repository.loadIndex(signal, () => (damaged += 1))
  const { files, damagedIds } = damaged === 0 ? { files: undefined, damagedIds: [] } : await listIndexFiles(repository, signal)
  if (files === undefined) for await (const _ of repository.store.list('index', signal)) findings.checked.indexes += 1
  else findings.checked.indexes += files.length
  for (const id of damagedIds) {
    const message = `the index ${id} cannot be read; run nightshift backup repair, which makes it anew from the packs`
    findings.error('index_damaged', message, { file: { type: 'index', id } })
  }
}
