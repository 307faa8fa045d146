import { systemClock } from '@nightshift/shared/clock'
import { startHttp } from '@nightshift/shared/service/http-server'
import { createLog } from '@nightshift/shared/service/log'
import { createConsole } from '../../src/console/app.ts'
import { loadAssets, type Assets } from '../../src/console/assets.ts'
import type { ConsoleStatus } from '../../src/console/snapshot.ts'
import { Viewers, type ViewersOptions } from '../../src/console/viewers.ts'
import type { Locale } from '../../src/fleet/event-texts.ts'
import { defaultLimits, Fleet } from '../../src/fleet/fleet.ts'

export interface ConsoleServer {
  url: string
  port: number
  fleet: Fleet
  viewers: Viewers
  assets: Assets
  status: ConsoleStatus
  stop(): Promise<void>
}

interface Settings extends Partial<Pick<ViewersOptions, 'intervalMs' | 'heartbeatMs' | 'stallMs'>> {
  fleet?: Fleet
  locale?: Locale
  title?: string
  maxViewers?: number
  allowedHosts?: string[]
  port?: number
}

/** The console on a real HTTP listener, without a bus. */
export async function startConsole(settings: Settings = {}): Promise<ConsoleServer> {
  const {
    fleet = new Fleet(defaultLimits),
    locale = 'en',
    title = 'Nightshift',
    maxViewers = 64,
    allowedHosts = [],
    port = 0,
    ...timing
  } = settings
  const assets = await loadAssets()
  const status: ConsoleStatus = { title, version: '0.1.0', build: assets.hash, bus: 'connected', caught_up: true, dropped: {} }
  const viewers = new Viewers({ fleet, clock: systemClock, status: () => status, maxViewers: () => maxViewers, ...timing })
  const handle = createConsole({
    fleet,
    viewers,
    assets,
    clock: systemClock,
    locale,
    status: () => status,
    allowedHosts: () => allowedHosts,
  })
  const log = createLog({ service: 'reporter', host: 'test', level: 'critical' })
  const server = await startHttp({ address: '127.0.0.1', port, routes: [handle], log })
  return {
    url: server.url,
    port: server.port,
    fleet,
    viewers,
    assets,
    status,
    async stop() {
      viewers.stop()
      await server.close(100)
    },
  }
}
