import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { collectorConfigSchema } from '../src/config.ts'
import { findProgram } from './find-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-strace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const looks = 10
const core = ['cpu', 'load', 'mem', 'disk', 'net']
const slow = ['cpu_core', 'tcp', 'psi', 'vm', 'fd', 'fs']

/** Looks at groups again and again; between the looks it asks for files that do not exist, which shows in the record where which ones are. */
const program = `
import { statSync } from 'node:fs'
const { sourcesFor } = await import(process.env.REGISTRY)
const config = JSON.parse(process.env.CONFIG)
const registry = await sourcesFor('linux')
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const log = { info: () => {}, warn: () => {} }
for (const set of JSON.parse(process.env.SETS)) {
  const sources = []
  for (const group of set) sources.push((await registry[group]()).open({ proc: '/proc', sys: '/sys', root: '/' }, config[group], { clock, log, everyMs: 1000 }))
  const look = async () => {
    for (const source of sources) await source.read(1)
  }
  for (let warm = 0; warm < 3; warm++) await look()
  await new Promise((resolve) => setTimeout(resolve, 300))
  statSync('/mark-begin', { throwIfNoEntry: false })
  for (let round = 0; round < ${looks}; round++) await look()
  statSync('/mark-end', { throwIfNoEntry: false })
}
`

const strace = findProgram('STRACE', ['strace'])

function whyNot(): string {
  if (process.platform !== 'linux') return 'only Linux has /proc'
  if (strace === undefined) return 'strace is not installed'
  return spawnSync(strace, ['-o', '/dev/null', 'true']).status === 0 ? '' : 'strace may not trace here'
}

const obstacle = whyNot()

/** Calls between the marks, one list for each set of groups. */
function callsBetweenMarks(record: string): string[][] {
  const sets: string[][] = []
  let current: string[] | undefined
  for (const line of record.split('\n')) {
    if (line.includes('"/mark-begin"')) current = []
    else if (line.includes('"/mark-end"') && current !== undefined) {
      sets.push(current)
      current = undefined
    } else if (!line.includes(' resumed>') && /^\d+ +\w+\(/.test(line)) current?.push(line.replace(/^\d+ +/, ''))
  }
  return sets
}

test.skipIf(obstacle !== '')(
  `a look starts no program and opens nothing that it has open, with few calls of the kernel${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const file = join(folder, 'program.mjs')
    const record = join(folder, 'record')
    writeFileSync(file, program)
    const env = {
      ...process.env,
      REGISTRY: new URL('../src/sources/registry.ts', import.meta.url).href,
      CONFIG: JSON.stringify(collectorConfigSchema.parse({}).groups),
      SETS: JSON.stringify([core, slow, ['proc']]),
    }
    await promisify(execFile)(strace ?? '', ['-f', '-o', record, process.execPath, '--single-threaded', file], { env, timeout: 60_000 })
    const [ofCore = [], ofSlow = [], ofProc = []] = callsBetweenMarks(readFileSync(record, 'utf8'))
    const all = [...ofCore, ...ofSlow, ...ofProc]
    expect(all.filter((call) => /^(?:execve|fork|vfork|clone3?)\(/.test(call))).toEqual([])
    expect([...ofCore, ...ofSlow].filter((call) => /^open(?:at)?\(.*"\/proc\/.*= \d+$/.test(call))).toEqual([])
    expect(ofCore.length).toBeGreaterThan(core.length * looks)
    expect(ofCore.length / looks).toBeLessThanOrEqual(25)
    expect(ofSlow.length / looks).toBeLessThanOrEqual(60)
    const processes = ofProc.filter((call) => /^open(?:at)?\(.*\/\d+\/stat"/.test(call)).length
    expect(processes).toBeGreaterThan(looks)
    expect(ofProc.length / processes).toBeLessThanOrEqual(4)
  },
  90_000,
)
