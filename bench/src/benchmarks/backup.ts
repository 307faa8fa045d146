import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { measureRun, type Cost } from '../backup/measured-run.ts'
import { changeRows, changeTree, fullTree, makeTree, smallTree, usualTree } from '../backup/mixed-tree.ts'
import { ours, peers, type BackupProgram } from '../backup/programs.ts'
import { besidePeer } from '../report.ts'

const size = ['small', 'full'].find((each) => process.argv.includes(`--${each}`)) ?? 'usual'
const trees: Readonly<Record<string, typeof usualTree>> = { small: smallTree, usual: usualTree, full: fullTree }
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 1)
const mebibyte = 1024 ** 2
/** After it there is no other round, and what is extra is left out; the full tree takes what it takes, and is for those who ask for it. */
const budgetMs = size === 'full' ? Infinity : 80_000

/** The backup beside restic and borg: same tree, same run, one after the other, the tree in the cache for all of them. */
export const backup: Benchmark = {
  name: 'backup',
  summary: `a mixed tree (${size}; --small, --full) backed up, backed up again, changed, restored; beside restic and borg where they are`,
  run: measure,
}

type Step = 'first' | 'unchanged' | 'changed' | 'rows' | 'restore'
type Costs = Record<Step, Cost[]> & { sizeBytes: number[]; rowsStoredBytes: number[] }

async function measure({ folder, signal, say }: BenchmarkContext): Promise<Record<string, Figure>> {
  const startedMs = performance.now()
  const programs = [...(await ours(join(folder, 'bundle'))), ...peers(say)]
  const leftOut = new Set<string>()
  const costs = new Map<string, Costs>(programs.map(({ name }) => [name, emptyCosts()]))
  let made = { files: 0, bytes: 0 }
  for (let round = 0; round < rounds && performance.now() - startedMs < budgetMs; round++) {
    const own = join(folder, `round-${round}`)
    const tree = join(own, 'tree')
    mkdirSync(tree, { recursive: true })
    made = makeTree(tree, trees[size] ?? usualTree)
    say(`${made.files} files, ${Math.round(made.bytes / mebibyte)} MiB`)
    readAll(tree)
    for (const [turn, step] of (['first', 'unchanged', 'changed', 'rows', 'restore'] as const).entries()) {
      if (step === 'changed') changeTree(tree)
      if (step === 'rows') changeRows(join(tree, 'shop.db'))
      // Who comes first changes with each step.
      for (const index of programs.keys()) {
        const program = programs[(index + round + turn) % programs.length]
        if (program === undefined || leftOut.has(program.name)) continue
        if (program.isExtra && performance.now() - startedMs > budgetMs) {
          leftOut.add(program.name)
          say(`skipped: ${program.name}, because the time is up`)
        } else await runStep(step, program, { own, tree, signal, costs: costs.get(program.name) ?? emptyCosts(), say })
      }
    }
    rmSync(own, { recursive: true, force: true })
  }
  return {
    files: { value: made.files, unit: '1' },
    tree: { value: made.bytes / mebibyte, unit: 'MiB' },
    ...figuresOf(
      programs.filter(({ name }) => !leftOut.has(name)),
      costs,
    ),
  }
}

interface StepContext {
  readonly own: string
  readonly tree: string
  readonly signal: AbortSignal
  readonly costs: Costs
  readonly say: (line: string) => void
}

async function runStep(step: Step, program: BackupProgram, { own, tree, signal, costs, say }: StepContext): Promise<void> {
  const repository = join(own, `repository-${program.name}`)
  const to = join(own, `restored-${program.name}`)
  mkdirSync(to, { recursive: true })
  const env = {
    RESTIC_PASSWORD: 'bench',
    BORG_PASSPHRASE: 'bench',
    RESTIC_CACHE_DIR: join(own, 'cache-restic'),
    BORG_BASE_DIR: join(own, 'cache-borg'),
  }
  const options = { cwd: to, env, signal }
  if (step === 'first') await measureRun(program.init(repository), options)
  const before = step === 'rows' ? sizeOf(repository) : 0
  const command = step === 'restore' ? program.restore(repository, 'rows') : program.backup(repository, tree, step)
  const cost = await measureRun(command, options)
  costs[step].push(cost)
  if (step === 'first') costs.sizeBytes.push(sizeOf(repository))
  if (step === 'rows') costs.rowsStoredBytes.push(sizeOf(repository) - before)
  say(
    `${step.padEnd(10)}${program.name.padEnd(16)}${cost.seconds.toFixed(1)} s, cpu ${cost.cpuSeconds.toFixed(1)} s, ${cost.peakRssMebibytes.toFixed(0)} MiB`,
  )
  rmSync(to, { recursive: true, force: true })
}

function figuresOf(programs: readonly BackupProgram[], costs: ReadonlyMap<string, Costs>): Record<string, Figure> {
  const peer = programs.find(({ name }) => name.startsWith('restic'))?.name
  const figures: Record<string, Figure> = {}
  for (const { name } of programs) {
    const own = costs.get(name) ?? emptyCosts()
    const theirs = name.startsWith('ours') && peer !== undefined ? costs.get(peer) : undefined
    const add = (figure: string, unit: string, read: (costs: Costs) => number): void => {
      const mine = { value: read(own), unit }
      figures[`${name}_${figure}`] = theirs === undefined ? mine : besidePeer(mine, read(theirs))
    }
    for (const step of ['first', 'unchanged', 'changed', 'restore'] as const) {
      // The fastest of all rounds: what else ran on the machine only ever adds.
      add(`${step}_wall`, 's', (each) => Math.min(...each[step].map(({ seconds }) => seconds)))
      add(`${step}_cpu`, 's', (each) => Math.min(...each[step].map(({ cpuSeconds }) => cpuSeconds)))
      add(`${step}_rss`, 'MiB', (each) => Math.max(...each[step].map(({ peakRssMebibytes }) => peakRssMebibytes)))
    }
    add('repository', 'MiB', (each) => Math.min(...each.sizeBytes) / mebibyte)
    add('rows_stored', 'MiB', (each) => Math.min(...each.rowsStoredBytes) / mebibyte)
  }
  return figures
}

function emptyCosts(): Costs {
  return { first: [], unchanged: [], changed: [], rows: [], restore: [], sizeBytes: [], rowsStoredBytes: [] }
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Brings the tree into the file cache, so that nobody pays for the disk. */
function readAll(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) readFileSync(join(entry.parentPath, entry.name))
  }
}
