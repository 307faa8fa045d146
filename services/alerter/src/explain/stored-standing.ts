import type { Bus } from '@nightshift/shared/bus/bus'
import type { AlerterConfig } from '../config.ts'
import type { Group } from '../group/group.ts'
import { InhibitionIndex } from '../inhibit/inhibition-index.ts'
import type { Muter } from '../mute/mute.ts'
import { compileRoutes } from '../route/route-tree.ts'
import { compileRules } from '../rules/compile.ts'
import { matches } from '../silence/matcher.ts'
import { isActive, silenceBucket, type Silence } from '../silence/silence.ts'
import { storedBucket, type AlertRecord } from '../state/stored.ts'
import { windowMuter } from '../window/windows.ts'
import type { Standing } from './standing.ts'

/** The same as it is stored: what a replica says of shards that are not its own. It sees silences, windows and inhibitions. */
export async function storedStanding(bus: Bus, config: AlerterConfig, zone: string, nowMs: number): Promise<Standing> {
  const [records, groups, silences]: [AlertRecord[], Group[], Silence[]] = [[], [], []]
  for await (const [, { value }] of (await bus.bucket('alerts', storedBucket)).entries()) {
    if (value.kind === 'alert') records.push(value)
    if (value.kind === 'group') groups.push(value.group)
  }
  for await (const [, { value }] of (await bus.bucket('silences', silenceBucket)).entries()) silences.push(value)
  const inhibitions = new InhibitionIndex(config.inhibit)
  for (const { life, last } of records) if (life.phase === 'firing' && last !== null) inhibitions.note({ ...last.event, phase: 'firing' })
  const muters = [inhibitions, windowMuter(config.windows, zone), silenceMuter(silences)]
  return { records, groups, muters, routes: compileRoutes(config.route, config.routes), rules: compileRules(config), nowMs }
}

function silenceMuter(silences: readonly Silence[]): Muter {
  return {
    muteOf: (event, nowMs) => {
      const found = silences.find((silence) => isActive(silence, nowMs) && silence.matchers.every((matcher) => matches(matcher, event)))
      return found === undefined ? undefined : { kind: 'silenced', by: found.id, untilMs: found.end_ms }
    },
  }
}
