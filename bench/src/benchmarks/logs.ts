import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@nightshift/shared/clock'
import { createLog } from '@nightshift/shared/service/log'
import type { LogAnalysisConfig } from '../../../services/collector/src/config/log-analysis.ts'
import { openAnalyzer } from '../../../services/collector/src/logs/analysis/analyzer.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { sampleLines, type SampleFormat } from '../logs/sample-lines.ts'
import { besidePeer } from '../report.ts'

const sampleSize = 100_000
const rounds = 6
/** What the tail hands over at a time. */
const chunkBytes = 256 * 1024
const mebibyte = 1024 ** 2
const config: LogAnalysisConfig = {
  format: 'auto',
  fields: {},
  slow_request: 1000,
  top: 20,
  group_from: 'error',
  repeat: 300_000,
  addresses: 'keep',
  auth: { failures: 10, window: 300_000 },
  masking: { enabled: true, emails: true, patterns: [], allow: [] },
}

/** What the analysis of logs costs, on one core. */
export const logs: Benchmark = {
  name: 'logs',
  summary: `analysis of log lines: levels, fingerprints, endpoints, percentiles, clients and masking; ${rounds} times ${sampleSize} lines of each format`,
  run: measure,
}

async function measure({ signal, say }: BenchmarkContext): Promise<Record<string, Figure>> {
  const figures: Record<string, Figure> = {}
  for (const format of ['json', 'errors', 'combined', 'python'] as const) {
    Object.assign(figures, measureFormat(format, say))
    signal.throwIfAborted()
  }
  figures['rss'] = { value: process.memoryUsage().rss / mebibyte, unit: 'MiB' }
  return figures
}

function measureFormat(format: SampleFormat, say: (line: string) => void): Record<string, Figure> {
  const sample = sampleLines(format, sampleSize)
  const lines = countLines(sample)
  const isJson = format === 'json' || format === 'errors'
  const peer = isJson ? lines / bestOf(() => parseEach(sample)) : undefined
  const { seconds, longestMs, retainedBytes } = analyse(format, sample)
  const rate: Figure = { value: lines / seconds, unit: 'lines/s' }
  say(`${format}: ${Math.round(lines / seconds / 1000)} k lines/s, ${Math.round(sample.length / lines)} bytes a line`)
  return {
    [`${format}_rate`]: peer === undefined ? rate : besidePeer(rate, peer),
    [`${format}_bytes_rate`]: { value: sample.length / seconds / 1e6, unit: 'MB/s' },
    [`${format}_longest_take`]: { value: longestMs, unit: 'ms' },
    [`${format}_retained`]: { value: retainedBytes / mebibyte, unit: 'MiB' },
  }
}

function analyse(format: SampleFormat, sample: Buffer): { seconds: number; longestMs: number; retainedBytes: number } {
  const log = createLog({ service: 'collector', host: 'bench-1', level: 'critical' })
  const usedBefore = collectedMemory()
  const analyzer = openAnalyzer(config, { clock: systemClock, log, source: format, ship: null, saved: undefined })
  const origin = { key: format, labels: {} }
  const nowMs = systemClock.now()
  let longestMs = 0
  const seconds = bestOf((round) => {
    for (const chunk of chunks(sample)) {
      const startedMs = threadMs()
      analyzer.take(chunk, nowMs, origin, 0)
      if (round > 0) longestMs = Math.max(longestMs, threadMs() - startedMs)
    }
    analyzer.read(1)
    analyzer.drainEvents()
  })
  const retainedBytes = collectedMemory() - usedBefore
  // Not before: what is not used any more could be gone already.
  analyzer.close(origin)
  return { seconds, longestMs, retainedBytes }
}

/** What this thread had of a core so far: what else runs on the machine does not count. */
function threadMs(): number {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1000
}

/** Bytes in use, without what only waits to be collected. */
function collectedMemory(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The peer: what it costs to make an object of each line, and to do nothing with it. */
function parseEach(sample: Buffer): void {
  for (let start = 0; start < sample.length;) {
    const end = sample.indexOf(0x0a, start)
    JSON.parse(sample.toString('utf8', start, end))
    start = end + 1
  }
}

/** The fastest round, in seconds of a core: the others were disturbed, or not compiled yet. */
function bestOf(run: (round: number) => void): number {
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const startedMs = threadMs()
    run(round)
    best = Math.min(best, (threadMs() - startedMs) / 1000)
  }
  return best
}

function* chunks(sample: Buffer): Generator<Buffer> {
  for (let start = 0; start < sample.length;) {
    const end = sample.lastIndexOf(0x0a, Math.min(sample.length, start + chunkBytes) - 1) + 1
    yield sample.subarray(start, end)
    start = end
  }
}

function countLines(sample: Buffer): number {
  return sample.reduce((lines, byte) => (byte === 0x0a ? lines + 1 : lines), 0)
}
