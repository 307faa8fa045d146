import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startProcess, type ServiceProcess } from './campaigns/service-process.ts'
import { endAll, startUp, type UpProcess } from './stories/up-process.ts'

let data: string
let second: ServiceProcess | undefined
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'nightshift-hosts-'))
})
afterEach(async () => {
  await second?.kill('SIGKILL')
  second = undefined
  await endAll([data])
  rmSync(data, { recursive: true, force: true })
})

interface State {
  hosts: { host: string }[]
  checks: { host: string; check: string; state: string }[]
  alerts: { host: string; rule: string; state: string; reason: string | null }[]
}

const nightshift = (...args: string[]): string =>
  execFileSync(process.execPath, [join(repositoryRoot, 'packages/cli/src/main.ts'), ...args, '--data', data], {
    cwd: data,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

async function readState(up: UpProcess): Promise<State> {
  return (await (await fetch(new URL('/api/v1/state', up.run.console_url))).json()) as State
}

test('a host that was added is watched, and one that was forgotten is gone with its alerts and may not come back', async () => {
  const up = await startUp(data)
  const broker = up.run.nats_url.replace(/\/\/.*@/, '//')
  const said = nightshift('host', 'add', 'db-1.example.com', '--nats', broker)
  expect(said).toContain('./nightshift run collector --config db-1.example.com.collector.yaml')
  const file = join(data, 'db-1.example.com.collector.yaml')
  expect(statSync(file).mode & 0o777).toBe(0o600)

  const more = `state_dir: ${join(data, 'second')}\nhttp: { port: 0 }\ncollector: { checks: { db: { kind: tcp, port: 9, every: 500ms, timeout: 400ms, failures: 2 } } }\n`
  writeFileSync(file, readFileSync(file, 'utf8') + more)
  second = startProcess('second', ['run', 'collector', '--config', file], data)
  await vi.waitFor(
    async () => {
      const { hosts, checks, alerts } = await readState(up)
      expect(hosts.map(({ host }) => host)).toContain('db-1.example.com')
      expect(checks).toContainEqual(expect.objectContaining({ host: 'db-1.example.com', check: 'db', state: 'failing' }))
      expect(alerts).toContainEqual(expect.objectContaining({ host: 'db-1.example.com', rule: 'check-failing', state: 'firing' }))
    },
    { timeout: 20_000, interval: 200 },
  )

  expect(nightshift('host', 'forget', 'db-1.example.com')).toContain('1 user removed')
  await vi.waitFor(
    async () => {
      const { hosts, checks, alerts } = await readState(up)
      expect(hosts.map(({ host }) => host)).toEqual([up.run.host])
      expect(checks).toEqual([])
      expect(alerts).toContainEqual(expect.objectContaining({ host: 'db-1.example.com', state: 'resolved', reason: 'host forgotten' }))
    },
    { timeout: 10_000, interval: 200 },
  )
  // Its collector still runs, and is refused for ever.
  await vi.waitFor(() => expect(readFileSync(join(data, 'second.log'), 'utf8')).toContain('Authorization Violation'), { timeout: 10_000 })
  expect((await readState(up)).hosts.map(({ host }) => host)).toEqual([up.run.host])
})

test('this host itself is neither added nor forgotten', async () => {
  const up = await startUp(data)
  expect(() => nightshift('host', 'add', up.run.host, '--nats', 'nats://127.0.0.1:1')).toThrow(/its collector runs already/)
  expect(() => nightshift('host', 'forget', up.run.host)).toThrow(/is watched as long as nightshift runs here/)
})
