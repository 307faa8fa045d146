import { fleetToken } from '@nightshift/shared/host-token'
import { hostToken, type Host } from '@nightshift/shared/subjects'

/** The permissions of the alerter name the reader of each shard, and there are so many names. */
export const maxShards = 8

/** Which of how many shards: each host belongs to one of them, and what belongs to no host belongs to the first. */
export interface ShardPlace {
  readonly number: number
  readonly shards: number
}

/** The shard of a host, by its token in subjects. */
export function shardOfToken(token: string, shards: number): number {
  if (shards === 1 || token === fleetToken) return 0
  // FNV-1a. Math.imul keeps it within 32 bits.
  let hash = 0x811c9dc5
  for (let index = 0; index < token.length; index++) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193)
  // The lower bits of names that differ in their last digit alone are alike.
  return ((hash ^ (hash >>> 15)) >>> 0) % shards
}

export function ownsHost({ number, shards }: ShardPlace, host: Host): boolean {
  return shardOfToken(hostToken(host), shards) === number
}
