import { logAnalysisShape, type LogAnalysisConfig } from '../../../src/config/log-analysis.ts'
import { openAnalyzer } from '../../../src/logs/analysis/analyzer.ts'
import type { Analyzer, LineOrigin, ShipAsked } from '../../../src/logs/record.ts'
import type { Item } from '../../../src/sources/source.ts'
import { z } from 'zod'
import { keptLog } from '../../kept-log.ts'

export const startMs = Date.UTC(2025, 9, 21, 4, 30, 0)

/** A config as it comes out of the validation. */
export function analysisConfig(input: z.input<z.ZodObject<typeof logAnalysisShape>> = {}): LogAnalysisConfig {
  return z.strictObject(logAnalysisShape).parse(input)
}

export interface Analysed {
  readonly analyzer: Analyzer
  /** Turned by hand; lines are received now. */
  readonly clock: { nowMs: number }
  readonly take: (text: string | Buffer, origin?: LineOrigin, offset?: number) => void
  readonly fields: (intervalSeconds?: number | null) => Record<string, number | null>
  readonly items: (kind: string) => Item[]
}

export const someOrigin: LineOrigin = { key: 'a', labels: { file: '/var/log/app.log' } }

export function analyse(config: LogAnalysisConfig, options: { saved?: unknown; ship?: ShipAsked } = {}): Analysed {
  const clock = { nowMs: startMs }
  const analyzer = openAnalyzer(config, {
    clock: { now: () => clock.nowMs, monotonicMs: () => clock.nowMs },
    log: keptLog().log,
    source: 'web',
    ship: options.ship ?? null,
    saved: options.saved,
  })
  return {
    analyzer,
    clock,
    take: (text, origin = someOrigin, offset = 0) => analyzer.take(Buffer.from(text), clock.nowMs, origin, offset),
    fields: (intervalSeconds = 10) => analyzer.read(intervalSeconds).fields ?? {},
    items: (kind) => analyzer.read(10).items?.filter((item) => item['kind'] === kind) ?? [],
  }
}
