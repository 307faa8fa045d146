import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { collectorConfigSchema } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-light-'))
afterAll(() => rmSync(folder, { recursive: true }))

const check = { every: '250ms' }
/** Every group of the defaults, and of every kind of check that needs no library and no program. */
const everything = collectorConfigSchema.parse({
  every: '250ms',
  slow_every: '250ms',
  groups: { inventory: { enabled: false } },
  checks: {
    tcp: { ...check, kind: 'tcp', port: 1 },
    http: { ...check, kind: 'http', url: 'http://127.0.0.1:1/' },
    process: { ...check, kind: 'process', name: 'no-such-program' },
    file: { ...check, kind: 'file', path: '/no/such/file' },
    tls: { ...check, kind: 'tls', host: '127.0.0.1', port: 1 },
  },
})

/** Runs the collector with that, its bus nowhere, and tells what it loaded and what it cost. */
const program = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({ load: (url, context, next) => (loaded.add(url), next(url, context)) })
const { collector } = await import(process.env.SERVICE)
const { openBus } = await import(process.env.OPEN_BUS)
const { createLog } = await import(process.env.LOG)
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() }
const log = createLog({ service: 'collector', host: 'web-1', level: 'critical' })
const stateDir = process.env.STATE_DIR
const needs = { streams: [], buckets: [] }
const bus = openBus({ service: 'collector', host: 'web-1', instance: 'i', version: '0.1.0', servers: ['nats://127.0.0.1:1'], spoolDir: stateDir + '/spool', needs }, { clock, log })
const config = JSON.parse(process.env.CONFIG)
const service = await collector.start({ name: 'collector', host: 'web-1', instance: 'i', version: '0.1.0', source: 'collector@web-1', clock, log, bus, stateDir, base: {}, config })
while (service.self().cpu_looks_total < 4 || service.self().check_runs_total < 6) await new Promise((resolve) => setTimeout(resolve, 50))
const { cpu_looks_total: looks, check_runs_total: runs } = service.self()
await service.stop()
await bus.close(500)
console.log(JSON.stringify({ looks, runs, urls: [...loaded], builtins: process.moduleLoadList }))
`

test.runIf(process.platform === 'linux')(
  'the long-running process loads neither zod nor yaml nor systeminformation, starts no program and never uses fetch',
  async () => {
    const file = join(folder, 'program.mjs')
    writeFileSync(file, program)
    const url = (path: string): string => new URL(path, import.meta.url).href
    const shared = '../../../packages/shared/src'
    const env = {
      ...process.env,
      SERVICE: url('../src/service.ts'),
      OPEN_BUS: url(`${shared}/bus/open-bus.ts`),
      LOG: url(`${shared}/service/log.ts`),
      STATE_DIR: folder,
      CONFIG: JSON.stringify(everything),
    }
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 20_000 })
    const { builtins, looks, runs, urls } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    expect(looks).toBeGreaterThanOrEqual(4)
    expect(runs).toBeGreaterThanOrEqual(6)
    expect(urls.some((each: string) => each.endsWith('/collector/src/sources/cpu.ts'))).toBe(true)
    expect(
      urls.filter((each: string) => /node_modules\/(?:zod|yaml|systeminformation)\/|\/collector\/src\/config\.ts$/.test(each)),
    ).toEqual([])
    expect(builtins.filter((each: string) => /child_process|spawn_sync|undici/.test(each))).toEqual([])
  },
)

/** Preloaded into the real main.ts: says at its end what it loaded. */
const preload = `
import { registerHooks } from 'node:module'
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
process.on('exit', () => process.stderr.write('LOADED ' + JSON.stringify(loaded) + '\\n'))
`

test('the process of main.ts, whose configuration is read by a child, loads neither zod nor yaml nor systeminformation', async () => {
  const hook = join(folder, 'preload.mjs')
  const file = join(folder, 'config.yaml')
  writeFileSync(hook, preload)
  const check = '{kind: tcp, port: 1, every: 250ms}'
  const bus = '{servers: ["nats://127.0.0.1:1"]}'
  writeFileSync(file, `state_dir: ${folder}/main\nhttp: {port: 0}\nnats: ${bus}\ncollector: {checks: {web: ${check}}}\n`)
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--import', hook, main, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [output, errors] = [text(child.stdout), text(child.stderr)]
  const health = join(folder, 'main', 'health.json')
  await vi.waitFor(() => expect(readFileSync(health, 'utf8')).toContain('"web"'), { timeout: 25_000, interval: 50 })
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  const loaded: string[] = JSON.parse(/^LOADED (.*)$/m.exec(await errors)?.[1] ?? '[]')
  expect(await output).toContain('check web is failing')
  expect(code).toBe(0)
  expect(loaded.some((url) => url.endsWith('/collector/src/service.ts'))).toBe(true)
  expect(loaded.filter((url) => /node_modules\/(?:zod|yaml|systeminformation)\/|\/collector\/src\/config\.ts$/.test(url))).toEqual([])
})
