import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Figure } from './benchmark.ts'
import { describeMachine } from './machine.ts'
import { benchmarks } from './registry.ts'
import { renderJson, renderTable } from './report.ts'

const interruptedCode = 130

const benchmark = benchmarks.find(({ name }) => name === process.argv[2])
if (benchmark === undefined) {
  print(`usage: npm run bench -- NAME\n${benchmarks.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}`)
  process.exit(2)
}
process.exitCode = await measure(benchmark)

async function measure({ name, summary, run }: Benchmark): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), `nightshift-bench-${name}-`))
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort(new Error(signal)))
  const loadBefore = loadavg()[0] ?? 0
  print(`${name}: ${summary}\n${describeMachine()}, load ${loadBefore.toFixed(2)}`)
  const startedMs = performance.now()
  try {
    const measured = await run({ folder, signal: interruption.signal, say: (line) => print(`  ${line}`) })
    const seconds = (performance.now() - startedMs) / 1000
    // What else ran on the machine shows in the load before; most of the load after is our own.
    const load = { load1_before: inUnit(loadBefore, '1'), load1_after: inUnit(loadavg()[0] ?? 0, '1') }
    const figures: Record<string, Figure> = { ...measured, ...load, run_seconds: inUnit(seconds, 's') }
    print(`\n${renderTable(figures)}\n\n${renderJson(name, figures)}`)
    return 0
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    print(`${name}: interrupted`)
    return interruptedCode
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function inUnit(value: number, unit: string): Figure {
  return { value, unit }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
