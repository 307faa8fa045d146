import type { Benchmark } from './benchmark.ts'
import { collector } from './benchmarks/collector.ts'
import { latency } from './benchmarks/latency.ts'
import { start } from './benchmarks/start.ts'

export const benchmarks: readonly Benchmark[] = [start, latency, collector]
