import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceHandle } from './handle.ts'
import { healthReport, type HealthReport, type MachineReading } from './health.ts'
import { pathOf, send, type HttpRoute } from './http-server.ts'
import { handleProbe, json, type ProbeReply } from './probe.ts'

/** `/livez`, `/readyz` and `/metrics` of one service, under a prefix: '' when it runs alone, `/-/alerter` in `up`. */
export function probeRoute(handle: ServiceHandle, prefix = ''): HttpRoute {
  return async (request, response) => {
    const path = pathOf(request)
    if (!path.startsWith(prefix)) return false
    const reply = handleProbe(handle, path.slice(prefix.length))
    return reply !== undefined && sendToReader(request, response, reply)
  }
}

/** `GET /health`: all the given services, the bus, the machine, and what else is known; 503 when something critical is wrong. */
export function healthRoute(
  handles: () => readonly ServiceHandle[],
  readMachine: () => Promise<MachineReading>,
  host: string,
  more: () => HealthReport['components'] = () => ({}),
): HttpRoute {
  return async (request, response) => {
    if (pathOf(request) !== '/health') return false
    const report = healthReport(handles(), await readMachine(), host, more())
    return sendToReader(request, response, json(report.status === 'critical' ? 503 : 200, report))
  }
}

/** Pages and API of a service. */
export function serviceRoute(handle: ServiceHandle): HttpRoute {
  return (request, response) => handle.handleHttp(request, response)
}

function sendToReader(request: IncomingMessage, response: ServerResponse, reply: ProbeReply): true {
  if (request.method === 'GET' || request.method === 'HEAD') {
    send(response, reply)
  } else {
    response.setHeader('allow', 'GET, HEAD')
    send(response, json(405, { error: 'method_not_allowed', message: 'only GET and HEAD are answered here' }))
  }
  return true
}
