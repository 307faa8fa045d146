import type { ServiceHandle } from './handle.ts'
import { prometheusContentType } from './prometheus-text.ts'
import { redactText } from './redact.ts'

export interface ProbeReply {
  status: number
  contentType: string
  body: string
}

/** What a probe looks at. */
export type Probed = Pick<ServiceHandle, 'name' | 'host' | 'instance' | 'state' | 'failure' | 'notReady' | 'metricsText'>

/**
 * Answers `/livez`, `/readyz` and `/metrics` of one service; undefined for any other path. Liveness never depends on the bus: a restart
 * would not bring the bus back. A standby is ready: it does what it is there for.
 */
export function handleProbe(handle: Probed, path: string): ProbeReply | undefined {
  switch (path) {
    case '/livez':
      return handle.failure === undefined
        ? json(200, { status: 'ok', service: handle.name })
        : json(503, { status: 'failed', service: handle.name, code: handle.failure.code, reasons: [redactText(handle.failure.message)] })
    case '/readyz': {
      const ready = handle.state === 'ready' || handle.state === 'standby'
      const reasons = handle.notReady().map(redactText)
      return json(ready ? 200 : 503, {
        status: ready ? 'ok' : 'not_ready',
        service: handle.name,
        host: handle.host,
        state: handle.state,
        reasons,
      })
    }
    case '/metrics':
      return { status: 200, contentType: prometheusContentType, body: handle.metricsText() }
    default:
      return undefined
  }
}

/** A JSON reply; indented, because people read it with curl. */
export function json(status: number, body: object): ProbeReply {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(body, undefined, 2)}\n` }
}
