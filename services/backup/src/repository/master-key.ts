import { randomBytes } from 'node:crypto'
import { ContractError } from '@nightshift/shared/errors'

/** The keys that seal everything in a repository. Plain bytes, so that they can be handed to worker threads. */
export interface MasterKey {
  /** AES-256 key, 32 bytes. */
  readonly encrypt: Uint8Array
  /** AES-128 key that makes the one-time part of each tag, 16 bytes. */
  readonly macK: Uint8Array
  /** Poly1305 multiplier as it was drawn, not clamped, 16 bytes. */
  readonly macR: Uint8Array
}

export function createMasterKey(): MasterKey {
  return { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) }
}

/** The JSON that a key file holds under a password. */
export function encodeMasterKey(key: MasterKey): Buffer {
  return Buffer.from(JSON.stringify({ mac: { k: toBase64(key.macK), r: toBase64(key.macR) }, encrypt: toBase64(key.encrypt) }))
}

/** ContractError `key_damaged` for anything that is not exactly such a JSON. */
export function decodeMasterKey(bytes: Uint8Array): MasterKey {
  const value = parse(bytes)
  const encrypt = fromBase64(value.encrypt, 32)
  const macK = fromBase64(value.mac?.k, 16)
  const macR = fromBase64(value.mac?.r, 16)
  if (encrypt === undefined || macK === undefined || macR === undefined)
    throw new ContractError('key_damaged', 'the master key has not the parts it should have')
  return { encrypt, macK, macR }
}

function parse(bytes: Uint8Array): { mac?: { k?: unknown; r?: unknown }; encrypt?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof value === 'object' && value !== null ? value : {}
  } catch (cause) {
    throw new ContractError('key_damaged', 'the master key is not JSON', { cause })
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function fromBase64(text: unknown, sizeBytes: number): Buffer | undefined {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined
  return bytes?.length === sizeBytes ? bytes : undefined
}
