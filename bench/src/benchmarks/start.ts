import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'
import { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { percentile } from '../percentiles.ts'

const runs = 5
const readyDeadlineMs = 60_000
const args = ['--nats-port', '0', '--console-port', '0', '--no-open']

interface Took {
  readyMs: number
  stopMs: number
}

/** From the command line to `nightshift ready`, and from SIGTERM to the end of the process. Warm: Node, packages and broker are there. */
export const start: Benchmark = {
  name: 'start',
  summary: `npm start, warm, until it is ready, and SIGTERM until it has ended; ${runs} times on a new and on a used data folder`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const fresh: Took[] = []
  const existing: Took[] = []
  // Not counted: it fills the file cache and Node's cache of compiled code.
  await startOnce(context, join(context.folder, 'warm-up'))
  for (let run = 1; run <= runs; run++) {
    const data = join(context.folder, `data-${run}`)
    fresh.push(await startOnce(context, data))
    existing.push(await startOnce(context, data))
    context.say(
      `run ${run}: ready after ${fresh.at(-1)?.readyMs.toFixed(0)} ms on a new folder, ${existing.at(-1)?.readyMs.toFixed(0)} ms on a used one`,
    )
    rmSync(data, { recursive: true, force: true })
  }
  const both = [...fresh, ...existing].map(({ stopMs }) => stopMs)
  return {
    ...inSeconds(
      'ready_fresh',
      fresh.map(({ readyMs }) => readyMs),
    ),
    ...inSeconds(
      'ready_existing',
      existing.map(({ readyMs }) => readyMs),
    ),
    ...inSeconds('stop', both),
  }
}

async function startOnce({ signal }: BenchmarkContext, data: string): Promise<Took> {
  mkdirSync(data, { recursive: true })
  const script = join(repositoryRoot, 'scripts/run.mjs')
  const up = new BenchProcess('nightshift up', process.execPath, [script, 'up', '--data', data, ...args], data)
  try {
    const readyMs = await up.until(/^nightshift ready/m, readyDeadlineMs, signal)
    return { readyMs, stopMs: await up.end() }
  } finally {
    await up.end()
  }
}

function inSeconds(name: string, samplesMs: readonly number[]): Record<string, Figure> {
  const figure = (percent: number): Figure => ({ value: percentile(samplesMs, percent) / 1000, unit: 's' })
  return { [`${name}_p50`]: figure(50), [`${name}_max`]: figure(100) }
}
