import type { Life } from '../alert/life.ts'
import type { RuleBook } from '../rules/compile.ts'
import type { AlertBook, Tracked } from '../tracking/alert-book.ts'
import type { Change } from '../tracking/engine.ts'
import { startPositions } from '../state/position.ts'
import { lengthText } from './verdict.ts'

const reasonStart = 'no data for '

/** The last life of each alert that fires, and since when it is the last. */
type Lives = Map<Tracked, { readonly life: Life; readonly sinceMs: number }>

interface Parts {
  readonly book: AlertBook
  readonly rules: RuleBook
  readonly staleAfterMs: number
  /** Whether what comes of this host can be trusted to come: it is heard, and we hear. */
  readonly isHeard: (host: string) => boolean
}

/**
 * Alerts on metrics that fire while no value comes any more, from a host that is heard: they stay as they are, and say so once per
 * occurrence. Every value makes a new life of an alert, so one that is still the same object had none.
 */
export class StaleAlerts {
  #lives: Lives = new Map()

  /** To be asked from time to time; `nowMs` is monotonic, `wallMs` stamps what is told. */
  find({ book, rules, staleAfterMs, isHeard }: Parts, nowMs: number, wallMs: number): Change[] {
    const lives: Lives = new Map()
    const changes: Change[] = []
    for (const tracked of book.all()) {
      const { life, series } = tracked
      const rule = rules.find(series.rule)
      if (life?.phase !== 'firing' || rule?.kind !== 'metric' || series.host === null) continue
      const known = this.#lives.get(tracked)
      const sinceMs = known?.life === life && isHeard(series.host) ? known.sinceMs : nowMs
      lives.set(tracked, { life, sinceMs })
      if (nowMs - sinceMs < staleAfterMs || hasSaidSo(tracked, life)) continue
      const next: Life = { ...life, updates: life.updates + 1, changed_ms: Math.max(wallMs, life.changed_ms) }
      const reason = `${reasonStart}${lengthText(nowMs - sinceMs)}, although the host is heard; the alert stays as it is`
      const transition = { phase: 'updated', severity: life.severity, reason, at: next.changed_ms, trigger: life.epoch } as const
      const position = (tracked.record?.applied ?? startPositions).METRICS
      changes.push({ tracked, rule, life: next, transition, stream: 'METRICS', position })
    }
    this.#lives = lives
    return changes
  }
}

function hasSaidSo({ record }: Tracked, life: Life): boolean {
  const said = record?.last?.event
  return said?.epoch === life.epoch && said.reason?.startsWith(reasonStart) === true
}
