import type { Change, EntryOf, FleetModel } from './model.ts'

/** What `ops.change.<host>.<what>` says when a host has left for good. */
export const forgotten = 'forgotten'

/** A host was forgotten: it goes, with its trends, checks and services. Its alerts are the alerter's to resolve; its heals are history. */
export function forgetHost(model: FleetModel, host: string): Change[] {
  return [
    ...goneOf('host', model.host, host),
    ...goneOf('trend', model.trend, host),
    ...goneOf('check', model.check, host),
    ...goneOf('agent', model.agent, host),
  ]
}

type OfHost = 'host' | 'trend' | 'check' | 'agent'

function goneOf<K extends OfHost>(kind: K, entries: ReadonlyMap<string, EntryOf[K]>, host: string): Change[] {
  return [...entries].filter(([, entry]) => entry.host === host).map(([id]) => ({ kind, id, entry: null }) as Change)
}
