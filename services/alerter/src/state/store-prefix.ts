import type { ShardPlace } from '../shard-place.ts'

const sharded = 'shard-'
const pattern = /^shard-\d+-of-(\d+)\./

/** What stands before the keys of a shard in every bucket; nothing when there is only one. Another number of shards has other keys. */
export function storePrefix({ number, shards }: ShardPlace): string {
  return shards === 1 ? '' : `${sharded}${number}-of-${shards}.`
}

/** Whether a key is one of that prefix. */
export function isWithin(key: string, prefix: string): boolean {
  return prefix === '' ? !key.startsWith(sharded) : key.startsWith(prefix)
}

/** How many shards there were when this key was written. */
export function shardsOf(key: string): number {
  return Number(pattern.exec(key)?.[1] ?? 1)
}

/** The key without what stands before it. */
export function bareKey(key: string): string {
  return key.replace(pattern, '')
}
