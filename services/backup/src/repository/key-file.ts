import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { ConfigError, ContractError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import { isoTime } from '@nightshift/shared/clock'
import type { Store } from '../destinations/store.ts'
import { blobIdOf, isId } from './blob.ts'
import { decodeMasterKey, encodeMasterKey } from './master-key.ts'
import type { MasterKey } from './master-key.ts'
import { Seal } from './seal.ts'

/** What makes guessing a password dear: memory is 128 * N * r bytes. */
export interface KdfCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

export interface KeyOwner {
  readonly password: string
  readonly host: string
  readonly username: string
  readonly nowMs: number
  readonly kdf?: KdfCost
}

export interface KeyEntry {
  readonly keyId: string
  readonly createdAt: string
  readonly host: string
  readonly username: string
}

interface KeyFile extends KdfCost {
  readonly created: string
  readonly username: string
  readonly hostname: string
  readonly salt: Buffer
  readonly data: Buffer
}

/** 32 MiB and about a tenth of a second: what restic chooses for its own keys. */
const defaultCost: KdfCost = { N: 32_768, r: 8, p: 1 }

/** What a key file may ask of us before we know that its maker is one of us. */
const maxKdfBytes = 512 * 1024 * 1024
const maxKeyFileBytes = 64 * 1024
const saltBytes = 64

/** Enough for every password somebody keeps; more would let a hostile store keep us busy for hours. */
const maxKeys = 32

const deriveKey = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/** Writes a key file for one more password; the id of it. */
export async function writeKey(store: Store, keys: MasterKey, owner: KeyOwner, signal?: AbortSignal): Promise<string> {
  if (owner.password === '') throw new ConfigError('empty_password', 'the password of a repository cannot be empty: set one')
  const cost = owner.kdf ?? defaultCost
  const salt = randomBytes(saltBytes)
  const data = new Seal(await passwordKey(owner.password, { ...cost, salt })).seal(encodeMasterKey(keys))
  const { N, r, p } = cost
  const text = JSON.stringify({
    created: isoTime(owner.nowMs),
    username: owner.username,
    hostname: owner.host,
    kdf: 'scrypt',
    N,
    r,
    p,
    salt: salt.toString('base64'),
    data: data.toString('base64'),
  })
  const bytes = Buffer.from(text)
  const keyId = blobIdOf(bytes)
  await store.write({ type: 'key', id: keyId }, bytes, signal)
  return keyId
}

/** Tries the password on each key file. ConfigError `wrong_password`; EffectError `key_damaged` when none of them can be read at all. */
export async function openKeys(store: Store, password: string, signal?: AbortSignal): Promise<{ keyId: string; keys: MasterKey }> {
  const damaged: string[] = []
  let readable = 0
  for (const keyId of await keyIds(store, signal)) {
    try {
      const file = await readKeyFile(store, keyId, signal)
      readable++
      const plain = openWith(await passwordKey(password, file), file.data)
      if (plain !== undefined) return { keyId, keys: decodeMasterKey(plain) }
    } catch (error) {
      if (!(error instanceof NightshiftError) || error.code !== 'key_damaged') throw error
      damaged.push(`${keyId.slice(0, 8)} (${error.message})`)
    }
  }
  const damage = damaged.length === 0 ? '' : `; damaged key files: ${damaged.join(', ')}`
  if (readable === 0)
    throw new EffectError('key_damaged', `no key file in ${store.description} can be read${damage}: put a copy of keys/ back`, {
      severity: 'critical',
    })
  throw new ConfigError(
    'wrong_password',
    `the password fits none of the ${readable} keys of ${store.description}${damage}: check password_file, and that it is this repository's`,
  )
}

/** Who has a password; damaged files are left out. */
export async function listKeyFiles(store: Store, signal?: AbortSignal): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = []
  for (const keyId of await keyIds(store, signal)) {
    try {
      const file = await readKeyFile(store, keyId, signal)
      entries.push({ keyId, createdAt: file.created, host: file.hostname, username: file.username })
    } catch (error) {
      if (!(error instanceof NightshiftError) || error.code !== 'key_damaged') throw error
    }
  }
  return entries
}

/** The names of all key files, at most 32 of them. */
export async function keyIds(store: Store, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.list('key', signal)) if (isId(id) && ids.length < maxKeys) ids.push(id)
  return ids
}

async function readKeyFile(store: Store, keyId: string, signal: AbortSignal | undefined): Promise<KeyFile> {
  const sizeBytes = await store.sizeOf({ type: 'key', id: keyId }, signal)
  if (sizeBytes === undefined || sizeBytes > maxKeyFileBytes) throw damagedKey('it is missing or far too long')
  const bytes = await store.read({ type: 'key', id: keyId }, signal === undefined ? {} : { signal })
  if (blobIdOf(bytes) !== keyId) throw damagedKey('its bytes do not fit its name')
  return parseKeyFile(bytes)
}

/** ContractError `key_damaged` for what is not a key file, or asks for more memory than any honest one. */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  const fields = parseFields(bytes)
  const { kdf, N, r, p } = fields
  const salt = Buffer.from(String(fields['salt']), 'base64')
  const data = Buffer.from(String(fields['data']), 'base64')
  if (kdf !== 'scrypt' || !isCost(N) || !isCost(r) || !isCost(p)) throw damagedKey('its key derivation is not one that we know')
  if ((N & (N - 1)) !== 0 || N < 2 || 128 * N * r > maxKdfBytes || r * p > 1024)
    throw damagedKey('its key derivation asks for more memory or time than any honest key')
  if (salt.length !== saltBytes) throw damagedKey(`its salt has not ${saltBytes} bytes`)
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '')
  return { N, r, p, salt, data, created: text('created'), username: text('username'), hostname: text('hostname') }
}

function isCost(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 2 ** 24
}

function parseFields(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch (cause) {
    throw new ContractError('key_damaged', 'it is not JSON', { cause })
  }
  throw damagedKey('it is not a JSON object')
}

async function passwordKey(password: string, { N, r, p, salt }: KdfCost & { salt: Buffer }): Promise<MasterKey> {
  const derived = await deriveKey(password, salt, 64, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 1024 * 1024 })
  return { encrypt: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48, 64) }
}

function openWith(key: MasterKey, sealed: Uint8Array): Buffer | undefined {
  try {
    return new Seal(key).open(sealed)
  } catch (error) {
    if (error instanceof NightshiftError && error.code === 'seal_broken') return undefined
    throw error
  }
}

function damagedKey(what: string): ContractError {
  return new ContractError('key_damaged', what)
}
