import { randomBytes } from 'node:crypto'
import { ConfigError, EffectError, NightshiftError, describeError } from '@nightshift/shared/errors'
import type { Store } from '../destinations/store.ts'
import { blobIdOf } from './blob.ts'
import type { BlobId, BlobType } from './blob.ts'
import { isChunkerPolynomial, randomPolynomial } from './chunker/polynomial.ts'
import { encodeConfig, parseConfig } from './config-file.ts'
import type { RepositoryConfig } from './config-file.ts'
import { BlobIndex } from './index/blob-index.ts'
import { encodeIndex } from './index/index-file.ts'
import { IndexWriter } from './index/index-writer.ts'
import { loadIndexFiles } from './index/load-index.ts'
import { openKeys, writeKey } from './key-file.ts'
import type { KeyOwner } from './key-file.ts'
import { createMasterKey } from './master-key.ts'
import type { MasterKey } from './master-key.ts'
import { openBlob } from './pack/open-blob.ts'
import { Seal } from './seal.ts'
import { decodeUnpacked, encodeUnpacked } from './unpacked.ts'

export interface CreateOptions extends KeyOwner {
  /** That of another repository, so that both cut files in the same places and copies share their blobs. */
  readonly polynomial?: bigint
}

/** Sealed JSON files that lie outside packs. */
export type JsonFileType = 'snapshot' | 'index' | 'lock'

interface Opened {
  readonly config: RepositoryConfig
  readonly keys: MasterKey
  readonly keyId: string
}

/** An open repository in restic's format. One run at a time writes through it. */
export class Repository {
  readonly store: Store
  readonly id: string
  readonly version: 1 | 2
  readonly polynomial: bigint
  readonly keys: MasterKey
  readonly keyId: string
  readonly seal: Seal
  readonly indexWriter: IndexWriter
  #index = new BlobIndex()

  private constructor(store: Store, { config, keys, keyId }: Opened) {
    this.store = store
    this.id = config.id
    this.version = config.version
    this.polynomial = config.polynomial
    this.keys = keys
    this.keyId = keyId
    this.seal = new Seal(keys)
    this.indexWriter = new IndexWriter(async (packs, signal) => {
      await this.writeJson('index', encodeIndex(packs), signal)
    })
  }

  /** Refuses a place where something of a repository lies already. */
  static async create(store: Store, options: CreateOptions): Promise<Repository> {
    if (options.polynomial !== undefined && !isChunkerPolynomial(options.polynomial))
      throw new ConfigError('bad_polynomial', 'the chunker polynomial must be irreducible and of degree 53: take that of a repository')
    await store.create()
    await refuseExisting(store)
    const config = { version: 2, id: randomBytes(32).toString('hex'), polynomial: options.polynomial ?? randomPolynomial() } as const
    const keys = createMasterKey()
    const keyId = await writeKey(store, keys, options)
    await store.write({ type: 'config', id: '' }, new Seal(keys).seal(encodeConfig(config)))
    return new Repository(store, { config, keys, keyId })
  }

  /** ConfigError `wrong_password`; EffectError `no_repository`, `key_damaged`, `config_damaged`, `repository_version`. */
  static async open(store: Store, options: { password: string; signal?: AbortSignal }): Promise<Repository> {
    const sealed = await readConfig(store, options.signal)
    const { keyId, keys } = await openKeys(store, options.password, options.signal)
    try {
      return new Repository(store, { config: parseConfig(new Seal(keys).open(sealed)), keys, keyId })
    } catch (error) {
      if (!(error instanceof NightshiftError)) throw error
      const isFuture = error.code === 'repository_version'
      const advice = isFuture ? 'use a newer nightshift' : 'put a copy of the file back (all destinations of a job have their own)'
      throw new EffectError(
        isFuture ? error.code : 'config_damaged',
        `the file config in ${store.description} cannot be used: ${error.message}; ${advice}`,
        { severity: 'critical', cause: error },
      )
    }
  }

  /** Where all blobs are; empty before `loadIndex`. */
  get index(): BlobIndex {
    return this.#index
  }

  /** Reads all index files anew. A damaged one is an EffectError `index_damaged`, or is told to `onDamaged` and left out. */
  async loadIndex(signal?: AbortSignal, onDamaged?: (error: EffectError) => void): Promise<void> {
    const index = await loadIndexFiles(this, signal, onDamaged)
    for (const pack of this.indexWriter.pending) index.add(pack.packId, pack.blobs)
    this.#index = index
  }

  /** The plain bytes of a blob, with its hash checked. EffectError `blob_missing` or `blob_damaged`. */
  async readBlob(type: BlobType, id: BlobId, signal?: AbortSignal): Promise<Buffer> {
    const place = this.#index.find(type, id)
    if (place === undefined) throw this.#lost('blob_missing', `${type} blob ${id} is in no index`, undefined)
    const where = `${type} blob ${id} in pack ${place.packId}`
    const file = { type: 'data', id: place.packId } as const
    const range = { offset: place.offset, lengthBytes: place.lengthBytes, ...(signal === undefined ? {} : { signal }) }
    try {
      const plain = openBlob(this.seal, await this.store.read(file, range), place.plainBytes)
      if (blobIdOf(plain) === id) return plain
    } catch (error) {
      if (!(error instanceof NightshiftError)) throw this.#lost('blob_damaged', `${where} cannot be opened`, error)
      if (error.code === 'store_missing_file') throw this.#lost('blob_missing', `${where} is gone with its pack`, error)
      if (error.code !== 'seal_broken' && error.code !== 'store_damaged') throw error
      throw this.#lost('blob_damaged', `${where} was changed`, error)
    }
    throw this.#lost('blob_damaged', `${where} is not what its name says`, undefined)
  }

  /** EffectError `file_damaged` names the file. */
  async readJson(type: JsonFileType, id: string, signal?: AbortSignal): Promise<unknown> {
    const sealed = await this.store.read({ type, id }, signal === undefined ? {} : { signal })
    try {
      if (blobIdOf(sealed) !== id) throw new EffectError('file_damaged', 'its bytes do not fit its name')
      return decodeUnpacked(this.seal.open(sealed))
    } catch (error) {
      const advice = 'run `nightshift backup check` to see what is left, and take the file from another destination if there is one'
      throw new EffectError(
        'file_damaged',
        `the ${type} file ${id} in ${this.store.description} is damaged: ${describeError(error, 0)}; ${advice}`,
        { severity: 'high', cause: error },
      )
    }
  }

  /** The id of the file that was written. */
  async writeJson(type: JsonFileType, value: unknown, signal?: AbortSignal): Promise<string> {
    const sealed = this.seal.seal(encodeUnpacked(value, this.version))
    const id = blobIdOf(sealed)
    await this.store.write({ type, id }, sealed, signal)
    return id
  }

  async close(): Promise<void> {
    await this.store.close()
  }

  #lost(code: 'blob_missing' | 'blob_damaged', what: string, cause: unknown): EffectError {
    const advice = 'run `nightshift backup check` for which snapshots need it; a new backup stores it again if the file still is as it was'
    return new EffectError(code, `${what}, in ${this.store.description}: ${advice}`, { severity: 'high', cause })
  }
}

async function readConfig(store: Store, signal: AbortSignal | undefined): Promise<Buffer> {
  const sizeBytes = await store.sizeOf({ type: 'config', id: '' }, signal)
  const maxConfigBytes = 64 * 1024
  if (sizeBytes !== undefined && sizeBytes <= maxConfigBytes)
    return await store.read({ type: 'config', id: '' }, signal === undefined ? {} : { signal })
  if (sizeBytes !== undefined || (await holdsAny(store, 'key', signal)))
    throw new EffectError(
      'config_damaged',
      `${store.description} has keys but no file config that can be read: put a copy of it back, or empty the place if a first ` +
        'initialisation was cut off',
      { severity: 'critical' },
    )
  throw new EffectError(
    'no_repository',
    `there is no repository in ${store.description}: check the path, that the disk is mounted, or make one with \`nightshift backup init\``,
  )
}

async function refuseExisting(store: Store): Promise<void> {
  const isThere =
    (await store.sizeOf({ type: 'config', id: '' })) !== undefined || (await holdsAny(store, 'key')) || (await holdsAny(store, 'snapshot'))
  if (isThere)
    throw new ConfigError(
      'repository_exists',
      `${store.description} holds a repository already, or parts of one: open it with its password, or choose an empty place`,
    )
}

async function holdsAny(store: Store, type: 'key' | 'snapshot', signal?: AbortSignal): Promise<boolean> {
  for await (const file of store.list(type, signal)) if (file.id !== '') return true
  return false
}
