import type { AgentEvent } from '../events/agent.ts'
import { isoTime } from '../clock.ts'
import { newId } from '../ids.ts'
import type { ServiceState } from './handle.ts'
import { redactText } from './redact.ts'
import type { InstanceIdentity } from './rivals.ts'
import type { SelfMetrics, ServiceContext } from './service.ts'

/** How often at least; at once when the state changes. */
export const heartbeatIntervalMs = 10_000
const maxReasons = 32
const maxReasonLength = 1024

/** One heartbeat. What is too long for the contract is cut, for a heartbeat must not be refused. */
export function heartbeat(
  about: Pick<ServiceContext<unknown>, 'name' | 'host' | 'version' | 'source'> & { identity: InstanceIdentity },
  standing: { state: ServiceState; reasons: readonly string[]; self: SelfMetrics; nextDue?: Readonly<Record<string, string>> | undefined },
  nowMs: number,
): AgentEvent {
  const { identity } = about
  return {
    v: 1,
    id: newId(nowMs),
    time: isoTime(nowMs),
    host: about.host,
    source: about.source,
    correlation_id: identity.instance,
    service: about.name,
    instance: identity.instance,
    version: about.version.slice(0, 64),
    pid: identity.pid,
    started_time: identity.started_time,
    interval_seconds: heartbeatIntervalMs / 1000,
    state: standing.state,
    reasons: standing.reasons.slice(0, maxReasons).map((reason) => redactText(reason).slice(0, maxReasonLength)),
    self: finiteOnly(standing.self),
    ...(standing.nextDue === undefined ? {} : { next_due: { ...standing.nextDue } }),
  }
}

/** JSON has no NaN and no infinity. */
function finiteOnly(numbers: SelfMetrics): SelfMetrics {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name.slice(0, 128), value !== null && Number.isFinite(value) ? value : null]),
  )
}
