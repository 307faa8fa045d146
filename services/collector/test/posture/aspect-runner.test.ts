import { getEventListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import type { Bus } from '@nightshift/shared/bus/bus'
import { systemClock } from '@nightshift/shared/clock'
import type { Run } from '../../src/checks/runs/check-runner.ts'
import { AspectRunner } from '../../src/posture/aspect-runner.ts'
import { newLook, type Look, type LookContext } from '../../src/posture/look.ts'
import { aspects, type Aspect, type SecurityConfig } from '../../src/posture/registry.ts'
import { keptLog } from '../kept-log.ts'
import { config, temporaryFolder } from '../service-on-broker.ts'
import { HostFolder } from './host-folder.ts'

const running = new AbortController().signal

function security(section: object = {}): SecurityConfig {
  const parsed = config({ security: section }).security
  if (parsed === undefined) throw new Error('no section')
  return parsed
}

/** A runner whose looks are made by the test, and what it reports. The bus is not reached: nothing here differs from what was before. */
function runnerOf(
  look: (context: LookContext) => Promise<Look>,
  timeoutMs = 200,
  { name = 'ports', hanging = new Set<string>() } = {},
): { runner: AspectRunner; runs: Run[] } {
  const aspect: Aspect = {
    name,
    schedule: () => ({ everyMs: 1000, timeoutMs }),
    options: () => undefined,
    look: async (_, context) => await look(context),
  }
  const runs: Run[] = []
  const context = {
    host: new HostFolder().paths,
    origin: { host: 'web-1', source: 'collector@web-1' },
    clock: systemClock,
    log: keptLog().log,
    bus: { namespace: 'ops', publishEvent: async () => 'acknowledged' } as unknown as Bus,
    stateDir: temporaryFolder(),
    publishMetrics: () => undefined,
    reportCheck: (_check: string, _kind: string, run: Run) => void runs.push(run),
    onMetric: () => () => undefined,
  }
  return { runner: new AspectRunner(aspect, context, hanging), runs }
}

test('a look that hangs is given up when its time is up, and not begun again before it ends', async () => {
  const { promise, resolve } = Promise.withResolvers<Look>()
  let looks = 0
  const { runner, runs } = runnerOf(async () => {
    looks++
    return await promise
  })
  await runner.run(security(), running)
  await runner.run(security(), running)
  expect(looks).toBe(1)
  expect(runs.map(({ outcome }) => outcome.error)).toEqual([
    'not everything could be looked at: it took longer than 0.2 s',
    'not everything could be looked at: the look before this one still hangs',
  ])
  expect(runs.map(({ outcome, latencySeconds }) => [outcome.ok, latencySeconds])).toEqual([
    [null, null],
    [null, null],
  ])
  resolve({ ...newLook(), lookedAt: 1 })
  await setTimeout(0)
  await runner.run(security(), running)
  expect(runs.at(-1)?.outcome).toMatchObject({ ok: true, detail: { looked_at: 1 } })
  expect(runner.state).toMatchObject({ timeouts: 1 })
})

test('while two looks hang no other is begun: each of them holds a thread', async () => {
  const hanging = new Set<string>()
  const { promise, resolve } = Promise.withResolvers<Look>()
  const [first, second, third] = ['files', 'keys', 'folders'].map((name) =>
    runnerOf(async () => (name === 'folders' ? newLook() : await promise), 50, { name, hanging }),
  )
  for (const each of [first, second, third]) await each?.runner.run(security(), running)
  expect(third?.runs[0]?.outcome.error).toBe('not everything could be looked at: the looks at files and keys still hang')
  resolve(newLook())
  await setTimeout(0)
  expect([...hanging]).toEqual([])
  await third?.runner.run(security(), running)
  expect(third?.runs[1]?.outcome.ok).toBe(true)
})

test('a look that breaks is an open answer with the reason; one that is stopped reports nothing', async () => {
  const { runner, runs } = runnerOf(async () => Promise.reject(new TypeError('a slip')))
  await runner.run(security(), running)
  expect(runs[0]?.outcome).toMatchObject({ ok: null, error: expect.stringContaining('the look itself broke: a slip') })
  const stopping = new AbortController()
  const stopped = runnerOf(async ({ signal }) => {
    await setTimeout(60_000, undefined, { signal })
    return newLook()
  }, 60_000)
  const run = stopped.runner.run(security(), stopping.signal)
  stopping.abort()
  await run
  expect(stopped.runs).toEqual([])
})

test('what it tells the metric group is in the catalogue', async () => {
  const { runner } = runnerOf(async () => newLook())
  await runner.run(security(), running)
  const group = findGroup('security')
  const known = [...(group?.items?.labels ?? []), ...Object.keys(group?.items?.fields ?? {})]
  expect(Object.keys(runner.state.item ?? {}).toSorted()).toEqual(known.toSorted())
})

test('an aspect is on by itself or when it is told what to look at, on the cadence of the section or its own', () => {
  const namesOf = (config: SecurityConfig): string[] =>
    aspects.filter((aspect) => aspect.schedule(config) !== undefined).map(({ name }) => name)
  expect(namesOf(security())).toEqual(['ports', 'failed-logins', 'accounts', 'sudoers', 'authorized-keys', 'firewall', 'system-files'])
  const all = security({
    every: '2h',
    permissions: [{ path: '/x', mode: '0600' }],
    files: { roots: ['/srv'], every: '6h' },
    folders: ['/etc'],
    certificates: { paths: ['/x.pem'] },
    keys: { files: ['/x'] },
    secrets: { command: ['gitleaks'], format: 'gitleaks' },
    dependencies: { projects: [{ kind: 'npm', folder: '/srv' }] },
  })
  const hours = Object.fromEntries(aspects.map((aspect) => [aspect.name, (aspect.schedule(all)?.everyMs ?? 0) / 3_600_000]))
  expect(hours).toMatchObject({ permissions: 2, files: 6, folders: 2, ports: 2, secrets: 24, dependencies: 24 })
  const off = { enabled: false }
  const names = ['ports', 'failed_logins', 'accounts', 'sudoers', 'authorized_keys', 'firewall', 'system_files']
  expect(namesOf(security(Object.fromEntries(names.map((name) => [name, off]))))).toEqual([])
})

test('looks that are over leave nothing on the signal that ends all of them', async () => {
  const stopping = new AbortController()
  const { runner } = runnerOf(async ({ signal }) => {
    signal.addEventListener('abort', () => undefined)
    return await Promise.resolve(newLook())
  })
  for (let run = 0; run < 20; run++) await runner.run(security(), stopping.signal)
  expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(0)
})
