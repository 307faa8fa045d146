import { hash } from 'node:crypto'
import { NightshiftError, describeError } from '@nightshift/shared/errors'
import { blobIdOf } from '../repository/blob.ts'
import { openBlob } from '../repository/pack/open-blob.ts'
import { headerLengthBytes, parsePackHeader, type PackedBlob } from '../repository/pack/pack-header.ts'
import type { Repository } from '../repository/repository.ts'
import type { Findings } from './findings.ts'

/** Reads packs whole: their hash, their header against the index, and every blob opened, decompressed and hashed. */
export async function readPacks(
  repository: Repository,
  packIds: readonly string[],
  findings: Findings,
  options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<void> {
  for (const [index, packId] of packIds.entries()) {
    options.signal?.throwIfAborted()
    const bytes = await readPack(repository, packId, findings, options.signal)
    if (bytes !== undefined) checkPack(repository, packId, bytes, findings)
    options.onProgress?.(index + 1, packIds.length)
  }
}

async function readPack(repository: Repository, packId: string, findings: Findings, signal?: AbortSignal): Promise<Buffer | undefined> {
  const file = { type: 'data', id: packId } as const
  try {
    const bytes = await repository.store.read(file, signal === undefined ? {} : { signal })
    findings.checked.packsRead += 1
    findings.checked.bytesRead += bytes.length
    return bytes
  } catch (error) {
    signal?.throwIfAborted()
    // A store that is away says nothing about the pack: the check as a whole fails, and is done again.
    if (!(error instanceof NightshiftError) || error.transient) throw error
    findings.error('pack_damaged', `the pack ${packId} cannot be read: ${describeError(error)}`, { file })
    return undefined
  }
}

function checkPack(repository: Repository, packId: string, bytes: Buffer, findings: Findings): void {
  const file = { type: 'data', id: packId } as const
  const blobs = repository.index.blobsOf(packId)
  const damaged = blobs.filter((blob) => !isWhole(repository, bytes, blob))
  for (const { id, type } of damaged) {
    const message = `the ${type} blob ${id} in the pack ${packId} is damaged; run nightshift backup repair, then the backup`
    findings.error('blob_damaged', message, { file, blobId: id })
  }
  const isNamedRight = hash('sha256', bytes, 'hex') === packId
  const headerFault = faultOfHeader(repository, bytes, blobs)
  if (isNamedRight && headerFault === undefined) return
  const fault = headerFault ?? 'its bytes do not fit its name'
  const lost = damaged.length === 0 ? 'all its blobs can still be read' : `${damaged.length} of its ${blobs.length} blobs are lost`
  findings.error('pack_damaged', `the pack ${packId} is damaged: ${fault}; ${lost}; run nightshift backup repair`, { file })
}

/** True when the bytes at its place are the blob. */
export function isWhole(repository: Repository, pack: Buffer, blob: PackedBlob): boolean {
  try {
    const sealed = pack.subarray(blob.offset, blob.offset + blob.lengthBytes)
    return sealed.length === blob.lengthBytes && blobIdOf(openBlob(repository.seal, sealed, blob.plainBytes)) === blob.id
  } catch {
    return false
  }
}

function faultOfHeader(repository: Repository, pack: Buffer, indexed: readonly PackedBlob[]): string | undefined {
  try {
    const end = pack.length - headerLengthBytes
    const header = parsePackHeader(repository.seal.open(pack.subarray(end - pack.readUInt32LE(end), end)), pack.length)
    const text = (blob: PackedBlob): string => JSON.stringify([blob.type, blob.id, blob.offset, blob.lengthBytes, blob.plainBytes])
    const expected = new Set(indexed.map(text))
    const isSame = header.length === indexed.length && header.every((blob) => expected.has(text(blob)))
    return isSame ? undefined : 'its header tells of other blobs than the index'
  } catch (error) {
    return `its header cannot be read (${describeError(error)})`
  }
}
