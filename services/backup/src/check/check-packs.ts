import type { Repository } from '../repository/repository.ts'
import { packBytes } from '../repository/pack/pack-header.ts'
import type { Findings } from './findings.ts'

const repairAdvice = 'run nightshift backup repair, then the backup: it stores again what it finds'

/** Whether every pack of the index is there, as long as it must be. Gives the packs that are fit to be read. */
export async function checkPacks(repository: Repository, findings: Findings, signal?: AbortSignal): Promise<string[]> {
  const files = new Map<string, number>()
  for await (const { id, sizeBytes } of repository.store.list('data', signal)) files.set(id, sizeBytes)
  const readable: string[] = []
  for (const packId of repository.index.packs()) {
    signal?.throwIfAborted()
    const file = { type: 'data', id: packId } as const
    const blobs = repository.index.blobsOf(packId)
    const sizeBytes = files.get(packId)
    files.delete(packId)
    findings.checked.packs += 1
    if (sizeBytes === undefined) {
      findings.error('pack_missing', `the pack ${packId} with ${blobs.length} blobs is gone; ${repairAdvice}`, { file })
      continue
    }
    readable.push(packId)
    const expectedBytes = packBytes(blobs)
    if (sizeBytes !== expectedBytes) {
      findings.error('pack_size', `the pack ${packId} has ${sizeBytes} bytes where ${expectedBytes} were written; ${repairAdvice}`, {
        file,
      })
    }
  }
  if (files.size > 0) {
    const bytes = [...files.values()].reduce((sum, size) => sum + size, 0)
    const message = `${files.size} packs (${bytes} bytes) are in no index: a run was cut off, or they wait for the prune that removes them`
    findings.hint('pack_unindexed', message)
  }
  return readable
}
