import type { Endpoint } from '@nightshift/shared/bus/bus'
import type { Mirrors } from './mirrors.ts'

/** How a mirror stands, as people and programs read it. */
export interface MirrorRow {
  mirror: string
  lag_seconds: number
  is_behind: boolean
  waiting: number
  stored_files: number
  stored_bytes: number
  error: string | null
}

/** `ops.rpc.backup.<host>.mirrors`. */
export function mirrorEndpoint(mirrors: Mirrors): Endpoint {
  return {
    verb: 'mirrors',
    description: 'The mirrors of this host, and how far they are behind',
    handle: async () => await Promise.resolve({ mirrors: rows(mirrors) }),
  }
}

function rows(mirrors: Mirrors): MirrorRow[] {
  return mirrors.standings().map(({ name, lagSeconds, isBehind, waiting, storedFiles, storedBytes, error }) => ({
    mirror: name,
    lag_seconds: lagSeconds,
    is_behind: isBehind,
    waiting,
    stored_files: storedFiles,
    stored_bytes: storedBytes,
    error,
  }))
}
