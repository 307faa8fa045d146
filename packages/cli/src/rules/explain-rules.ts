import type { Explanation, ExplainedGroup } from '@nightshift/alerter/explain/explain-alert'

/** An explanation in lines for a terminal: the answer first, then what led to it. */
export function describeExplanation(explained: Explanation): string[] {
  const {
    fingerprint,
    rule,
    host,
    phase,
    severity,
    summary,
    started_time: since,
    for_seconds: forSeconds,
    route,
    mutes,
    groups,
    why,
  } = explained
  return [
    why,
    `  alert   ${fingerprint}  ${severity} ${rule} on ${host ?? 'the fleet'}: ${phase === 'ok' ? 'over' : phase} since ${since}`,
    `          ${summary}`,
    `  rule    ${describeRule(forSeconds)}`,
    ...labelled('route', route),
    ...labelled(
      'muted',
      mutes.map(({ kind, by, until_time: until }) => `${kind} by ${by}${until === null ? '' : ` until ${until}`}`),
    ),
    ...groups.flatMap((group) => labelled('group', describeGroup(group))),
  ]
}

function describeRule(forSeconds: number | null): string {
  if (forSeconds === null) return 'is in no configuration; who observes it ends it'
  return forSeconds === 0 ? 'fires at once' : `its condition must hold for ${forSeconds} s`
}

function describeGroup({
  group,
  route,
  labels,
  incident,
  messages,
  told_time: told,
  channels,
  acked,
  next_time: next,
  next: what,
}: ExplainedGroup): string[] {
  const about = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [
    `${group} of route ${route}${about.length === 0 ? '' : ` (${about.join(' ')})`}`,
    incident === null
      ? 'nobody heard of it'
      : `incident ${incident}, ${messages} message${messages === 1 ? '' : 's'}, last ${told ?? 'never'} to ${channels.join(', ') || 'no channel'}`,
    ...(acked === null ? [] : [`taken on by ${acked.actor}${acked.until_time === null ? '' : ` until ${acked.until_time}`}`]),
    `next: ${next ?? 'never'}, ${what}`,
  ]
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(8)}${line}`)
}
