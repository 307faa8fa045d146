/**
 * Who must hear what, said a second time and as plainly as it goes: no events, no groups, no queues. Times are milliseconds. It knows the
 * whole life of an alert beforehand and walks along the line of time.
 */
export interface Told {
  readonly atMs: number
  readonly alert: string
  readonly what: 'new' | 'changed' | 'resolved' | 'repeated'
}

/** From when until when an alert fired, and how severely. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly severity: 'warning' | 'critical'
}

/** Half open: muted at `fromMs`, not at `toMs`. */
export interface Quiet {
  readonly fromMs: number
  readonly toMs: number
}

export function mustBeTold(alert: string, stretches: readonly Stretch[], quiet: readonly Quiet[], repeatMs: number, endMs: number): Told[] {
  const told: Told[] = []
  let known: Stretch['severity'] | undefined
  let lastMs = 0
  const turns = new Set([...stretches, ...quiet].flatMap(({ fromMs, toMs }) => [fromMs, toMs]))
  const say = (atMs: number, what: Told['what']): void => {
    told.push({ atMs, alert, what })
    lastMs = atMs
  }
  for (const [index, atMs] of [...turns].toSorted((a, b) => a - b).entries()) {
    const nextMs = [...turns].toSorted((a, b) => a - b)[index + 1] ?? endMs
    const firing = stretches.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
    const isQuiet = quiet.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
    const endsHere = stretches.some(({ toMs }) => toMs === atMs)
    if (known !== undefined && firing === undefined && endsHere) {
      say(atMs, 'resolved')
      known = undefined
    }
    if (firing === undefined || isQuiet) continue
    if (known === undefined) say(atMs, 'new')
    else if (known !== firing.severity) say(atMs, 'changed')
    else if (lastMs + repeatMs <= atMs) say(atMs, 'repeated')
    known = firing.severity
    while (lastMs + repeatMs < Math.min(nextMs, endMs)) say(lastMs + repeatMs, 'repeated')
  }
  return told.filter(({ atMs }) => atMs <= endMs)
}

/** When a processor alert of `above: {warning: 0.85, critical: 0.95}, clear: 0.75, for` fires, by its samples; null is no sample. */
export function stretchesOfSamples(samples: readonly { atMs: number; value: number | null }[], forMs: number, endMs: number): Stretch[] {
  const stretches: Stretch[] = []
  const over: Record<Stretch['severity'], number | undefined> = { warning: undefined, critical: undefined }
  let now: { severity: Stretch['severity']; fromMs: number } | undefined
  const turn = (atMs: number, severity: Stretch['severity'] | undefined): void => {
    if (now?.severity === severity) return
    if (now !== undefined) stretches.push({ ...now, toMs: atMs })
    now = severity === undefined ? undefined : { severity, fromMs: atMs }
  }
  for (const { atMs, value } of samples) {
    if (value === null) continue
    over.warning = value > 0.85 ? (over.warning ?? atMs) : undefined
    over.critical = value > 0.95 ? (over.critical ?? atMs) : undefined
    const hasHeld = (severity: Stretch['severity']): boolean => {
      const sinceMs = over[severity]
      return sinceMs !== undefined && atMs - sinceMs >= forMs
    }
    const staysCritical = now?.severity === 'critical' && value > 0.85
    const staysWarning = now !== undefined && value > 0.75
    if (hasHeld('critical') || staysCritical) turn(atMs, 'critical')
    else if (hasHeld('warning') || staysWarning) turn(atMs, 'warning')
    else turn(atMs, undefined)
  }
  turn(endMs + 1, undefined)
  return stretches
}
