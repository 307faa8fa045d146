import { isoTime } from '@nightshift/shared/clock'
import type { Change, FleetModel, Trend } from './model.ts'

const trendStepMs = 5000
/** Five minutes. */
export const trendLength = 60

/** One value per step: the first that is seen in it. Steps in which nothing came are null. A clock that was set far back starts anew. */
export function extendTrend(model: FleetModel, host: string, metric: Trend['metric'], value: number | null, seenMs: number): Change[] {
  const id = `${host}/${metric}`
  const step = Math.floor(seenMs / trendStepMs)
  const known = model.trend.get(id)
  const isSetBack = known !== undefined && Date.parse(known.end_time) - seenMs > trendLength * trendStepMs
  const previous = isSetBack ? undefined : known
  const previousStep = previous === undefined ? step - 1 : Math.floor(Date.parse(previous.end_time) / trendStepMs)
  if (step <= previousStep) return []
  const missed = Array.from({ length: Math.min(step - previousStep - 1, trendLength) }, () => null)
  const rounded = value === null ? null : Math.round(value * 10_000) / 10_000
  const values = [...(previous?.values ?? []), ...missed, rounded].slice(-trendLength)
  return [{ kind: 'trend', id, entry: { host, metric, step_seconds: trendStepMs / 1000, end_time: isoTime(step * trendStepMs), values } }]
}
