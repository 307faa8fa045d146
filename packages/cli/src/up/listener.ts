import { machineReader, type ComponentHealth } from '@nightshift/shared/service/health'
import { startHttp, type HttpRoute, type HttpServer } from '@nightshift/shared/service/http-server'
import { healthRoute, probeRoute, serviceRoute } from '@nightshift/shared/service/probe-routes'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import type { Logger } from 'pino'

const portTries = 100

export interface ListenerOptions {
  address: string
  port: number
  host: string
  dataFolder: string
  /** The services that run by now; asked at each request. */
  handles: () => readonly ServiceHandle[]
  /** Whether the broker stores. */
  store: () => ComponentHealth
  log: Logger
}

/** The one HTTP listener of `up`: `/health`, `/-/<service>/livez|readyz|metrics`, and the pages and API of the services. */
export function startListener(options: ListenerOptions): Promise<HttpServer> {
  const health = healthRoute(options.handles, machineReader(options.dataFolder), options.host, () => ({ store: options.store() }))
  const services: HttpRoute = async (request, response) => {
    for (const handle of options.handles()) {
      if (await probeRoute(handle, `/-/${handle.name}`)(request, response)) return true
    }
    for (const handle of options.handles()) {
      if (await serviceRoute(handle)(request, response)) return true
    }
    return false
  }
  return startHttp({
    address: options.address,
    port: options.port,
    portTries: options.port === 0 ? 1 : portTries,
    routes: [health, services],
    log: options.log,
  })
}
