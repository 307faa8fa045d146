import { formatDuration } from '@nightshift/shared/config/scalars'
import type { describeState } from '@nightshift/reporter/console/snapshot'
import { describeStanding, isOpen, type AlertStanding } from './alert-standing.ts'

/** What `GET /api/v1/state` says. */
export type FleetState = ReturnType<typeof describeState>

type Severity = FleetState['alerts'][number]['severity']

const severityRank: Record<Severity, number> = { critical: 0, warning: 1, info: 2 }

/** The fleet in lines for a terminal: the verdict first, then what is wrong, then the rest. `standings` by fingerprint, as far as known. */
export function describeFleet(state: FleetState, nowMs: number, standings: ReadonlyMap<string, AlertStanding>): string[] {
  const firing = state.alerts.filter((alert) => alert.state !== 'resolved' && alert.state !== 'pending')
  const failing = state.checks.filter((check) => check.state === 'failing')
  const age = (time: string | null): string =>
    time === null ? 'never' : `${formatDuration(Math.max(0, Math.round((nowMs - Date.parse(time)) / 1000)) * 1000)} ago`
  return [
    verdict(state, firing.length, firing.filter(({ fingerprint }) => !isOpen(standings.get(fingerprint) ?? {})).length, failing.length),
    ...firing
      .toSorted((a, b) => severityRank[a.severity] - severityRank[b.severity])
      .map(
        (alert) =>
          `  ${alert.severity.padEnd(9)} ${alert.rule}${alert.host === null ? '' : ` on ${alert.host}`}: ${alert.summary} (since ${age(alert.started_time)})${describeStanding(standings.get(alert.fingerprint) ?? {})}`,
      ),
    ...state.hosts.map(
      (host) =>
        `  host      ${host.host}  cpu ${percent(host.cpu?.usage_ratio)}  memory ${percent(host.mem?.used_ratio)}  ${host.fs
          .map((fs) => `${fs.mount} ${percent(fs.used_ratio)}`)
          .join('  ')}  seen ${age(host.last_seen_time)}`,
    ),
    ...state.checks.map(
      (check) =>
        `  check     ${check.check} on ${check.host}: ${check.state}${latency(check.latency_seconds)}${check.error === null ? '' : `: ${check.error}`}`,
    ),
    ...state.agents.map(
      (agent) =>
        `  service   ${agent.service}${agent.host === null ? '' : ` on ${agent.host}`}: ${agent.state}${agent.reasons.length === 0 ? '' : `: ${agent.reasons.join('; ')}`}`,
    ),
  ]
}

function verdict(state: FleetState, firing: number, seenTo: number, failing: number): string {
  const watched = `${count(state.hosts.length, 'host')}, ${count(state.checks.length, 'check')}`
  if (firing === 0 && failing === 0) return `all quiet: ${watched}`
  const known = seenTo === 0 ? '' : ` (${seenTo} muted or taken on)`
  return `${count(firing, 'alert')}${known}, ${count(failing, 'failing check')}; ${watched} watched`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function percent(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? '?' : `${Math.round(ratio * 100)} %`
}

function latency(seconds: number | null): string {
  return seconds === null ? '' : ` in ${(seconds * 1000).toFixed(1)} ms`
}
