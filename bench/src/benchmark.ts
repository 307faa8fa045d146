/** One measured number. `peer` is what another program needs for the same, measured in the same run; `ratio` is value divided by peer. */
export interface Figure {
  value: number
  unit: string
  peer?: number
  ratio?: number
}

export interface BenchmarkContext {
  /** Empty folder of this run; removed afterwards. */
  folder: string
  /** Aborted when somebody interrupts the run. */
  signal: AbortSignal
  say: (line: string) => void
}

/** Each takes less than 2.5 minutes, and leaves no process and no file behind. */
export interface Benchmark {
  name: string
  summary: string
  run: (context: BenchmarkContext) => Promise<Record<string, Figure>>
}
