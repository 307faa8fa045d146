import type { Endpoint } from '@nightshift/shared/bus/bus'
import { ConfigError } from '@nightshift/shared/errors'
import type { ServiceDefinition } from '@nightshift/shared/service/service'
import type { ReporterConfig } from './config.ts'
import { createConsole } from './console/app.ts'
import { loadAssets } from './console/assets.ts'
import { isLoopback } from './console/host-header.ts'
import { summarize, type ConsoleStatus } from './console/snapshot.ts'
import { Viewers } from './console/viewers.ts'
import { defaultLimits, Fleet, type Limits } from './fleet/fleet.ts'
import { reduce } from './fleet/reduce.ts'
import { sweep } from './fleet/sweep.ts'
import { BusFollower } from './follow-bus.ts'
import { reporterMetrics } from './metrics.ts'

const sweepEveryMs = 10_000

/** `ops.metric|check|agent.>` and `ops.health|alert|notify|heal|backup|report|change.>` in; a web page and its API out. Publishes nothing. */
export const reporter: ServiceDefinition<ReporterConfig> = {
  name: 'reporter',
  port: 8484,
  description: 'The live console',
  async start(context) {
    const { base, bus, clock, log } = context
    refuseOpenConsole(base.http.address)
    let { config } = context
    const assets = await loadAssets()
    const fleet = new Fleet(limitsOf(config))
    const status = (): ConsoleStatus => ({
      title: config.title,
      version: context.version,
      build: assets.hash,
      bus: bus.state,
      caught_up: follower.isCaughtUp,
      dropped: Object.fromEntries(Object.entries(fleet.dropped).filter(([, count]) => count > 0)),
    })
    const viewers = new Viewers({ fleet, clock, status, maxViewers: () => config.max_viewers })
    const follower = new BusFollower({
      bus,
      clock,
      log,
      take: (received, seenMs) => fleet.apply(reduce(fleet.model, received, seenMs, base.locale)),
      onChange: () => viewers.announce(),
    })
    const sweeper = setInterval(() => fleet.apply(sweep(fleet.model, clock.now())), sweepEveryMs)
    bus.serve([summaryEndpoint(fleet)])
    return {
      notReady: () => (follower.isCaughtUp ? [] : ['it still reads what happened before it started']),
      self: () => reporterMetrics(fleet, viewers, follower),
      handleHttp: createConsole({ fleet, viewers, assets, clock, locale: base.locale, status, allowedHosts: () => config.allowed_hosts }),
      async reload(next) {
        config = next
        fleet.limits = limitsOf(next)
        viewers.announce()
      },
      async stop() {
        clearInterval(sweeper)
        viewers.stop()
        await follower.stop()
      },
    }
  },
}

function limitsOf(config: ReporterConfig): Limits {
  return { ...defaultLimits, event: config.keep_events }
}

/** Whoever can reach the console can read it, and this version has no login. */
function refuseOpenConsole(address: string): void {
  if (isLoopback(address)) return
  throw new ConfigError(
    'console_not_loopback',
    `the console has no login yet, so it does not listen on ${address}; set http.address to 127.0.0.1 and reach it through a tunnel (ssh -L 8484:127.0.0.1:8484)`,
  )
}

function summaryEndpoint(fleet: Fleet): Endpoint {
  return { verb: 'summary', description: 'How many hosts, checks, alerts and heals, by state', handle: async () => summarize(fleet.model) }
}
