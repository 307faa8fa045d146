import type { Group } from './group.ts'

/** So much less than before is no hiccup: the clock was set back. */
export const setBackMs = 60_000

/** What a clock that ran ahead wrote down happened now, or all that is counted from it would wait until then. Pure. */
export function notAfter(group: Group, nowMs: number): Group {
  const { incident, told_ms: toldMs, members } = group
  const isAfter = (timeMs: number | null): boolean => timeMs !== null && timeMs > nowMs
  if (![incident?.opened_ms ?? null, toldMs, ...Object.values(members).map(({ news_ms: newsMs }) => newsMs)].some(isAfter)) return group
  const kept = Object.entries(members).map(
    ([key, member]) => [key, isAfter(member.news_ms) ? { ...member, news_ms: nowMs } : member] as const,
  )
  return {
    ...group,
    incident: incident === null ? null : { ...incident, opened_ms: Math.min(incident.opened_ms, nowMs) },
    told_ms: toldMs === null ? null : Math.min(toldMs, nowMs),
    members: Object.fromEntries(kept),
  }
}
