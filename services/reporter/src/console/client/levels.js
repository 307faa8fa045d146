/** @typedef {'ok' | 'warning' | 'critical'} Level */

/** From these ratios on a meter is amber, then red. */
const limits = { cpu: [0.7, 0.85], memory: [0.8, 0.9], disk: [0.8, 0.9] }

/** A host of which nothing has come for so long is silent: three heartbeats. */
const silentAfterMs = 30_000

/** @param {keyof typeof limits} kind @param {number | null | undefined} ratio @returns {Level} */
export function levelOf(kind, ratio) {
  const [warning = 1, critical = 1] = limits[kind]
  if (ratio === null || ratio === undefined || ratio <= warning) return 'ok'
  return ratio > critical ? 'critical' : 'warning'
}

/** Whether a host is known but says nothing any more. @param {{ last_seen_time: string | null }} thing @param {number} nowMs */
export function isSilent(thing, nowMs) {
  return thing.last_seen_time !== null && nowMs - Date.parse(thing.last_seen_time) > silentAfterMs
}
