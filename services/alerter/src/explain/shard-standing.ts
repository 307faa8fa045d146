import type { Group } from '../group/group.ts'
import type { Muter } from '../mute/mute.ts'
import type { RouteTree } from '../route/route-tree.ts'
import type { RuleBook } from '../rules/compile.ts'
import { ownsHost, type ShardPlace } from '../shard-place.ts'
import type { AlertRecord } from '../state/stored.ts'
import type { AlertBook } from '../tracking/alert-book.ts'
import type { Engine } from '../tracking/engine.ts'
import type { Standing } from './standing.ts'

interface Parts {
  readonly book: AlertBook
  readonly groups: Iterable<Group>
  readonly muters: readonly Muter[]
  readonly routes: RouteTree
  readonly rules: RuleBook
  readonly engine: Engine
  readonly place: ShardPlace
}

/** What a shard at work knows, without asking the store. */
export function shardStanding({ book, groups, engine, place, ...deciding }: Parts, nowMs: number): Standing {
  const records: AlertRecord[] = []
  for (const { record, life } of book.all()) {
    if (record !== undefined) records.push(life === undefined || life === record.life ? record : { ...record, life })
  }
  const holds: Standing['holds'] = (series) => (ownsHost(place, series.host) ? engine.holds(series) : null)
  return { ...deciding, records, groups: [...groups], nowMs, holds }
}
