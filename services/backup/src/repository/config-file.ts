import { ContractError } from '@nightshift/shared/errors'
import { isId } from './blob.ts'
import { isChunkerPolynomial } from './chunker/polynomial.ts'

/** What the sealed file `config` says. */
export interface RepositoryConfig {
  readonly version: 1 | 2
  readonly id: string
  readonly polynomial: bigint
}

export function encodeConfig(config: RepositoryConfig): Buffer {
  const { version, id, polynomial } = config
  return Buffer.from(JSON.stringify({ version, id, chunker_polynomial: polynomial.toString(16) }))
}

/** ContractError `config_damaged`, or `repository_version` for one of the future. */
export function parseConfig(bytes: Uint8Array): RepositoryConfig {
  const fields = parseFields(bytes)
  const { version, id, chunker_polynomial: hex } = fields
  if (version !== 1 && version !== 2)
    throw new ContractError('repository_version', `its format has version ${String(version).slice(0, 16)}, and we know 1 and 2`)
  if (!isId(id)) throw damaged('its id is not one')
  if (typeof hex !== 'string' || !/^[0-9a-f]{1,16}$/.test(hex)) throw damaged('its chunker polynomial is not a number')
  const polynomial = BigInt(`0x${hex}`)
  if (!isChunkerPolynomial(polynomial)) throw damaged('its chunker polynomial is not irreducible of degree 53')
  return { version, id, polynomial }
}

function parseFields(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (cause) {
    throw new ContractError('config_damaged', 'it is not JSON', { cause })
  }
}

function damaged(what: string): ContractError {
  return new ContractError('config_damaged', what)
}
