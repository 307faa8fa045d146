import type { AlerterConfig } from '../config.ts'
import type { OpenChannels } from '../channels/open-channels.ts'
import { drillRule } from '../drill/drills.ts'
import { ladderOf } from '../escalate/ladder.ts'
import type { HostFigureBook } from '../figures/host-figures.ts'
import type { Muter } from '../mute/mute.ts'
import type { RouteTree } from '../route/route-tree.ts'
import type { RuleBook } from '../rules/compile.ts'
import { GroupBook } from './group-book.ts'

interface Parts {
  readonly channels: OpenChannels
  readonly muters: readonly Muter[]
  readonly figures: HostFigureBook
  readonly rules: () => RuleBook
  readonly routes: () => RouteTree
  readonly config: () => AlerterConfig
}

/** The groups of a shard, which look at its rules, routes and channels as they are at each moment. */
export function openGroups({ channels, muters, figures, rules, routes, config }: Parts): GroupBook {
  return new GroupBook({
    get routes() {
      return routes()
    },
    get channels() {
      return channels.all
    },
    muters,
    ladderOf: (name) => ladderOf(name, config().escalation, config().contacts),
    figuresOf: (host) => figures.of(host),
    channelsOf: (rule) => {
      if (rule !== drillRule) return rules().find(rule)?.channels ?? null
      return config().drill?.channels ?? channels.all.map(({ name }) => name)
    },
  })
}
