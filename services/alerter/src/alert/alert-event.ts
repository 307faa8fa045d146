import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import type { Rule } from '../rules/rule.ts'
import { ownRunbook } from '../tracking/observed.ts'
import type { Series } from './fingerprint.ts'
import type { Life, Transition } from './life.ts'
import { summaryOf, thresholdOf } from './summary.ts'

/** A transition as it goes on the bus. Its id follows from what it says and what set it off, so that saying it twice is saying it once. */
export function alertEventOf(source: string, series: Series, rule: Rule | undefined, life: Life, transition: Transition): AlertEvent {
  const { phase, severity, reason, at, trigger } = transition
  return {
    v: 1,
    id: derivedId(Math.max(0, at), series.fingerprint, life.epoch, phase, trigger),
    time: isoTime(life.changed_ms),
    host: series.host,
    source,
    correlation_id: life.correlation_id,
    rule: series.rule,
    phase,
    fingerprint: series.fingerprint,
    epoch: life.epoch,
    severity,
    labels: { ...series.labels },
    summary: summaryOf(series, rule, life, transition),
    value: life.value,
    threshold: thresholdOf(rule, severity),
    started_time: isoTime(life.started_ms),
    reason,
    runbook: rule === undefined ? (life.runbook ?? ownRunbook(series)) : rule.runbook,
    ...(rule == null || rule.level === null ? {} : { level: rule.level, targets: rule.targets }),
  }
}
