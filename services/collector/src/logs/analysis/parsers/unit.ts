import type { LogAnalysisConfig } from '../../../config/log-analysis.ts'

const seconds = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 } as const

/** The unit of the config in seconds; undefined when it names none. */
export function unitSeconds(unit: LogAnalysisConfig['duration_unit']): number | undefined {
  return unit === undefined ? undefined : seconds[unit]
}
