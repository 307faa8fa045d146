import { ContractError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { Store } from '../../destinations/store.ts'
import { sealBytes } from '../seal.ts'
import type { Seal } from '../seal.ts'
import { headerLengthBytes, maxHeaderBytes, parsePackHeader } from './pack-header.ts'
import type { PackedBlob } from './pack-header.ts'

/** Most headers are shorter: one read fetches them whole. */
const firstReadBytes = 16 * 1024

/** What lies in a pack, from the pack itself. EffectError `pack_damaged` names the pack. */
export async function readPackHeader(
  store: Store,
  seal: Seal,
  packId: string,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<PackedBlob[]> {
  const read = (fromEndBytes: number): Promise<Buffer> =>
    store.read(
      { type: 'data', id: packId },
      { offset: sizeBytes - fromEndBytes, lengthBytes: fromEndBytes, ...(signal === undefined ? {} : { signal }) },
    )
  try {
    const end = await read(Math.min(firstReadBytes, sizeBytes))
    if (end.length < headerLengthBytes + sealBytes) throw new ContractError('pack_damaged', `its ${sizeBytes} bytes are too few`)
    const headerBytes = end.readUInt32LE(end.length - headerLengthBytes)
    if (headerBytes > maxHeaderBytes || headerBytes > sizeBytes - headerLengthBytes)
      throw new ContractError('pack_damaged', `it tells of a header of ${headerBytes} bytes, and has ${sizeBytes} in all`)
    const neededBytes = headerBytes + headerLengthBytes
    const tail = neededBytes <= end.length ? end.subarray(end.length - neededBytes) : await read(neededBytes)
    return parsePackHeader(seal.open(tail.subarray(0, headerBytes)), sizeBytes)
  } catch (error) {
    if (!(error instanceof NightshiftError) || (error.code !== 'pack_damaged' && error.code !== 'seal_broken')) throw error
    throw new EffectError(
      'pack_damaged',
      `pack ${packId} in ${store.description} is damaged: ${error.message}; run \`nightshift backup check\` for what it held`,
      { severity: 'high', cause: error },
    )
  }
}
