import { isSilent } from './levels.js'

/**
 * The one sentence that says how things stand, worst first, and one line below it.
 * @typedef {import('./view.js').View} View
 * @typedef {{ tone: 'ok' | 'info' | 'warning' | 'critical', text: string, detail: string | undefined }} Verdict
 */

const severityRank = { critical: 0, warning: 1, info: 2 }

/** Firing or flapping, acknowledged ones last, the worst and oldest first. @param {View} view */
export function listActiveAlerts(view) {
  return [...view.entries.alert.values()]
    .filter((alert) => alert.state === 'firing' || alert.state === 'flapping' || alert.state === 'acked')
    .sort(
      (a, b) =>
        Number(a.state === 'acked') - Number(b.state === 'acked') ||
        severityRank[a.severity] - severityRank[b.severity] ||
        compare(a.started_time, b.started_time),
    )
}

/** @param {View} view @returns {Verdict} */
export function judge(view) {
  return { ...judgeWorst(view), detail: describeHealing(view) }
}

/** @param {View} view @returns {{ tone: Verdict['tone'], text: string }} */
function judgeWorst(view) {
  const { entries, texts, format, nowMs, status } = view
  const hostName = (/** @type {string | null} */ host) => host ?? texts.fleet
  if (status !== undefined && status.caught_up && status.bus !== 'connected') return { tone: 'warning', text: texts.busAwayVerdict }
  const alerts = listActiveAlerts(view)
  const [alert] = alerts
  if (alert !== undefined) {
    const critical = alerts.filter(({ severity }) => severity === 'critical').length
    const time = format.clock(alert.started_time, nowMs)
    const text =
      alerts.length === 1
        ? texts.oneAlert(alert.rule, hostName(alert.host), time)
        : texts.manyAlerts(alerts.length, critical, alert.rule, hostName(alert.host), time)
    return { tone: critical > 0 ? 'critical' : 'warning', text }
  }
  const checks = [...entries.check.values()].filter((check) => check.state !== 'removed')
  const failing = checks.filter((check) => check.state === 'failing').sort((a, b) => compare(a.since_time, b.since_time))
  const [check] = failing
  if (check !== undefined) {
    const time = format.clock(check.since_time, nowMs)
    const text =
      failing.length === 1 ? texts.oneFailing(check.check, check.host, time) : texts.manyFailing(failing.length, check.check, check.host)
    return { tone: 'warning', text }
  }
  const silent = [...entries.host.values()].filter((host) => isSilent(host, nowMs))
  const [host] = silent
  if (host !== undefined) {
    const text =
      silent.length === 1
        ? texts.oneSilent(host.host, format.clock(host.last_seen_time ?? '', nowMs))
        : texts.manySilent(silent.length, host.host)
    return { tone: 'warning', text }
  }
  const degraded = [...entries.agent.values()].find((agent) => agent.state === 'degraded' && !isSilent(agent, nowMs))
  if (degraded !== undefined) return { tone: 'warning', text: texts.notReady(degraded.service, hostName(degraded.host)) }
  if (status !== undefined && !status.caught_up) return { tone: 'info', text: texts.catchingUp }
  if (entries.host.size === 0) return { tone: 'info', text: texts.waiting }
  return { tone: 'ok', text: texts.quiet(entries.host.size, checks.filter(({ state }) => state === 'ok').length) }
}

/** @param {View} view */
function describeHealing({ entries, texts }) {
  const heal = [...entries.heal.values()].find(({ phase }) => phase === 'diagnosing' || phase === 'acting' || phase === 'verifying')
  return heal === undefined
    ? undefined
    : texts.healing(heal.target, heal.host ?? texts.fleet, heal.playbook, heal.attempt, heal.max_attempts)
}

/** @param {string} a @param {string} b */
function compare(a, b) {
  return a === b ? 0 : a < b ? -1 : 1
}
