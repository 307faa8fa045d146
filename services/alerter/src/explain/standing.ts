import type { Series } from '../alert/fingerprint.ts'
import type { Group } from '../group/group.ts'
import { muteOf, type Mute, type Muter } from '../mute/mute.ts'
import type { MuteOf } from '../group/due.ts'
import type { RouteTree } from '../route/route-tree.ts'
import type { RuleBook } from '../rules/compile.ts'
import type { AlertRecord } from '../state/stored.ts'

/** Everything that decides who hears what, at one moment. */
export interface Standing {
  readonly records: readonly AlertRecord[]
  readonly groups: readonly Group[]
  readonly muters: readonly Muter[]
  readonly routes: RouteTree
  readonly rules: RuleBook
  readonly nowMs: number
  /** Why an alert neither fires nor ends just now; only whoever judges it knows. */
  readonly holds?: (series: Series) => string | null
}

export function mutesAt({ muters, nowMs }: Pick<Standing, 'muters' | 'nowMs'>): MuteOf {
  return (event) => muteOf(muters, event, nowMs)
}

/** As it goes over the bus. */
export interface ToldMute {
  readonly kind: Mute['kind']
  /** What does it: id of a silence, name of a window or an inhibition. */
  readonly by: string
  readonly until_time: string | null
}
