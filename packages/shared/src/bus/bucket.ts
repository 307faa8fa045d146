import { Kvm, type KV } from '@nats-io/kv'
import { ContractError } from '../errors.ts'
import type { Bucket, BucketSchema, Versioned } from './bus.ts'
import { unlessBroken, type Live } from './live.ts'
import { refusal } from './refusal.ts'

/** A change of a key as it stands in the stream; no data when it was deleted. */
export interface RawChange {
  readonly key: string
  readonly data: Uint8Array | undefined
  readonly revision: number
}

interface Parts {
  /** The bucket's name on the server. */
  bucket: string
  /** The connection of now; throws when there is none. */
  live: () => Live
  /** All keys as they are, then every change. Resolves when the first is through. */
  watch: (onChange: (change: RawChange) => void) => Promise<{ stop(): void }>
}

/** The KV view of a bucket over this connection, by which NATS tools see it too. Makes no request. */
export async function openKv(live: Live, bucket: string): Promise<KV> {
  return await new Kvm(live.js).open(bucket, { allow_direct: true })
}

/** JSON values, each wrapped as `{"v": <schema version>, "data": ...}`. */
export class JsonBucket<T> implements Bucket<T> {
  private kvOfLive: { live: Live; kv: KV } | undefined
  private readonly schema: BucketSchema<T>
  private readonly parts: Parts

  constructor(schema: BucketSchema<T>, parts: Parts) {
    this.schema = schema
    this.parts = parts
  }

  async get(key: string): Promise<Versioned<T> | undefined> {
    const entry = await this.ask((kv) => kv.get(key))
    if (entry === null || entry.operation !== 'PUT') return undefined
    return { value: this.read(key, entry.value), revision: entry.revision }
  }

  async put(key: string, value: T, revision: number): Promise<number> {
    const data = JSON.stringify({ v: this.schema.version, data: value })
    return await this.ask((kv) => (revision === 0 ? kv.create(key, data) : kv.update(key, data, revision)))
  }

  /** Not `purge`: with nats-server 2.9.10 that makes readers of the bucket miss changes of other keys (M). */
  async delete(key: string): Promise<void> {
    await this.ask((kv) => kv.delete(key))
  }

  /**
   * By a reader that ends when it has seen what was there: 50,000 keys by single requests took 10 s and more. Values are read as they come:
   * to keep 200,000 of them as bytes, and then read all of them at once, would stop everything else for seconds.
   */
  async *entries(): AsyncGenerator<[key: string, entry: Versioned<T>]> {
    const latest = new Map<string, Versioned<T> | { problem: unknown }>()
    const watch = await this.parts.watch(({ key, data, revision }) => {
      if (data === undefined) latest.delete(key)
      else latest.set(key, this.attempt(key, data, revision))
    })
    watch.stop()
    for (const [key, entry] of latest) {
      if ('problem' in entry) throw entry.problem
      yield [key, entry]
    }
  }

  watch(onChange: (key: string, entry: Versioned<T> | undefined) => void): Promise<{ stop(): void }> {
    return this.parts.watch(({ key, data, revision }) => onChange(key, data && { value: this.read(key, data), revision }))
  }

  private async ask<R>(request: (kv: KV) => Promise<R>): Promise<R> {
    const live = this.parts.live()
    try {
      if (this.kvOfLive?.live !== live) this.kvOfLive = { live, kv: await openKv(live, this.parts.bucket) }
      return await unlessBroken(live, request(this.kvOfLive.kv))
    } catch (error) {
      throw refusal(error)
    }
  }

  /** What cannot be read matters only if nothing newer comes. */
  private attempt(key: string, data: Uint8Array, revision: number): Versioned<T> | { problem: unknown } {
    try {
      return { value: this.read(key, data), revision }
    } catch (problem) {
      return { problem }
    }
  }

  private read(key: string, data: Uint8Array): T {
    let wrapped: unknown
    try {
      wrapped = JSON.parse(new TextDecoder().decode(data))
    } catch (cause) {
      throw new ContractError('bad_json', `${key} in ${this.parts.bucket} is not JSON`, { cause })
    }
    if (typeof wrapped !== 'object' || wrapped === null || !('v' in wrapped) || typeof wrapped.v !== 'number' || !('data' in wrapped)) {
      throw new ContractError('schema', `${key} in ${this.parts.bucket} is not {"v": ..., "data": ...}`)
    }
    if (wrapped.v > this.schema.version) {
      throw new ContractError(
        'newer_schema',
        `${key} in ${this.parts.bucket} was written by a newer version (${wrapped.v}); update this service`,
      )
    }
    return this.schema.read(wrapped.data, wrapped.v)
  }
}
