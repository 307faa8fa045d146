import type { ServerAddress } from '../server-address.ts'
import { RedisRefusal } from './resp.ts'

const meanings: Record<string, (address: ServerAddress) => string> = {
  WRONGPASS: ({ target, user }) => `${target} refuses the password of user ${user ?? 'default'}, or the user is disabled`,
  NOAUTH: ({ target }) => `${target} asks for a password, and none is configured`,
  NOPERM: ({ target, user }) => `user ${user ?? 'default'} may not do this on ${target}: grant it the command (ACL SETUSER)`,
  DENIED: ({ target }) => `${target} is in protected mode and lets nobody in from here: set a password, or connect from its own host`,
  LOADING: ({ target }) => `${target} is loading its data and serves nothing yet`,
  MASTERDOWN: ({ target }) => `${target} is a replica without its source, and serves no stale data`,
  READONLY: ({ target }) => `${target} is a read-only replica`,
  MISCONF: ({ target }) => `${target} refuses writes because it cannot save its data: look at its log and its disk`,
  OOM: ({ target }) => `${target} is out of memory (maxmemory)`,
  CLUSTERDOWN: ({ target }) => `the cluster of ${target} is down`,
}

/** Why Redis refused, or undefined when it did not answer at all. */
export function redisRefusal(error: unknown, address: ServerAddress): string | undefined {
  if (!(error instanceof RedisRefusal)) return undefined
  return meanings[error.code]?.(address) ?? `${address.target} answers: ${error.message}`
}
