import type { Benchmark } from './benchmark.ts'
import { alerterFleet } from './benchmarks/alerter-fleet.ts'
import { alerterMany } from './benchmarks/alerter-many.ts'
import { alerter } from './benchmarks/alerter.ts'
import { backup } from './benchmarks/backup.ts'
import { checks } from './benchmarks/checks.ts'
import { collector } from './benchmarks/collector.ts'
import { latency } from './benchmarks/latency.ts'
import { logs } from './benchmarks/logs.ts'
import { soak } from './benchmarks/soak.ts'
import { start } from './benchmarks/start.ts'

export const benchmarks: readonly Benchmark[] = [start, latency, alerter, alerterFleet, alerterMany, collector, checks, logs, soak, backup]
