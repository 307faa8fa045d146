import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rpcSubject } from '@nightshift/shared/subjects'
import { healerConfigSchema } from '../src/config.ts'
import { HealerRig, host, must, until } from './healer-rig.ts'

let rig: HealerRig

beforeEach(async () => {
  rig = await HealerRig.start()
})

afterEach(() => rig.stop())

/** Long enough for a trigger to have become an action, were it to. */
const quietMs = 700
const helps = 'echo restarted; touch "$1/web.up"'

function audits(): { action: string; outcome: string; reason: string | null }[] {
  return rig.said.flatMap((received) => (received.kind === 'audit' ? [received.event] : []))
}

async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, quietMs))
}

test('a failing check is healed, told step by step, with diagnostics and an audit', async () => {
  await rig.heal({ 'restart-web': rig.playbook(helps) })
  const trigger = await rig.tell(rig.health())
  await rig.untilPhase('recovered')

  expect(rig.phases()).toEqual(['diagnosing', 'acting', 'verifying', 'recovered'])
  expect(rig.acts()).toEqual(['1'])
  const heals = rig.heals()
  for (const event of heals) {
    expect(event).toMatchObject({
      host,
      playbook: 'restart-web',
      target: 'web',
      correlation_id: trigger.correlation_id,
      trigger: { event_id: trigger.id, subject: 'ops.health.web-1.web' },
    })
  }
  expect(new Set(heals.map((event) => event.run)).size).toBe(1)
  expect(heals[2]).toMatchObject({ output: 'restarted\n', exit_code: 0, attempt: 1, max_attempts: 3 })
  expect(must(heals[3]).duration_seconds).toBeGreaterThan(0)

  expect(readdirSync(join(rig.stateDir, 'diagnostics'))).toEqual([`${must(heals[0]).run}.txt`])
  expect(readFileSync(join(rig.stateDir, 'diagnostics', `${must(heals[0]).run}.txt`), 'utf8')).toContain(
    'the check says: connection refused',
  )
  await until(
    () => audits().length > 0,
    2000,
    () => 'an audit',
  )
  expect(audits()).toMatchObject([{ action: 'heal.act', outcome: 'done', reason: expect.stringContaining('attempt 1 of 3') as string }])

  const { runs } = await rig.admin.request<{ runs: object[] }>(rpcSubject('healer', 'list', host), {})
  expect(runs).toMatchObject([{ playbook: 'restart-web', target: 'web', attempt: 1 }])
  expect(JSON.stringify(runs)).not.toContain('touch')
})

test('from the transition to the command it takes a fraction of a second, with every rail on', async () => {
  await rig.heal({ 'restart-web': rig.playbook(helps) })
  await quiet()
  const startedMs = Date.now()
  await rig.tell(rig.health())
  await until(
    () => rig.acts().length > 0,
    5000,
    () => 'the command',
  )
  expect(Date.now() - startedMs).toBeLessThan(2000)
})

test('a command that does not help is tried as often as allowed, then a person is called', async () => {
  await rig.heal({ 'restart-web': rig.playbook('exit 3', { attempts: 2 }) })
  await rig.tell(rig.health())
  const escalated = await rig.untilPhase('escalated')
  expect(rig.phases()).toEqual(['diagnosing', 'acting', 'verifying', 'failed', 'diagnosing', 'acting', 'verifying', 'failed', 'escalated'])
  expect(rig.acts()).toEqual(['1', '2'])
  expect(escalated.reason).toContain(
    '2 of 2 attempts did not help: not healthy within 400ms: connection refused; last action: the command ended with exit code 3',
  )
})

test('a crash loop ends: after the attempts of the window the next failure calls a person at once', async () => {
  await rig.heal({ 'restart-web': rig.playbook(helps, { attempts: 2, cooldown: '0s' }) })
  for (let crash = 1; crash <= 3; crash++) {
    rig.setUp('web', false)
    await rig.tell(rig.health())
    const ends = (): number => rig.phases().filter((phase) => phase === 'recovered' || phase === 'escalated').length
    await until(
      () => ends() === crash,
      5000,
      () => `the end of run ${crash}`,
    )
    await rig.tell(rig.health({ state: 'ok', previous: 'failing' }))
  }
  expect(rig.acts()).toEqual(['1', '1'])
  expect(must(rig.heals().at(-1))).toMatchObject({ phase: 'escalated', attempt: 0, reason: '2 attempts on web within 15m are the limit' })
})

test('the same transition delivered again and again is acted on once', async () => {
  await rig.heal({ 'restart-web': rig.playbook(helps) })
  const event = rig.health()
  for (let i = 0; i < 5; i++) await rig.tellRaw('ops.health.web-1.web', JSON.stringify(event))
  await rig.untilPhase('recovered')
  rig.setUp('web', false)
  for (let i = 0; i < 5; i++) await rig.tellRaw('ops.health.web-1.web', JSON.stringify(event))
  await quiet()
  expect(rig.acts()).toEqual(['1'])
})

test('what has recovered in between is not acted on', async () => {
  rig.setUp('web', true)
  await rig.heal({ 'restart-web': rig.playbook(helps) })
  await rig.tell(rig.health({ time: new Date(Date.now() - 3_600_000).toISOString() }))
  const event = await rig.untilPhase('recovered')
  expect(event).toMatchObject({ attempt: 0, reason: 'recovered by itself before anything was done' })
  expect(rig.acts()).toEqual([])
})

test('ok during the backoff ends the run', async () => {
  await rig.heal({ 'restart-web': rig.playbook('true', { backoff: ['0s', '1h'] }) })
  await rig.tell(rig.health())
  await rig.untilPhase('failed')
  await rig.tell(rig.health({ state: 'ok', previous: 'failing' }))
  expect(await rig.untilPhase('recovered')).toMatchObject({ attempt: 1, reason: 'recovered by itself before the next attempt' })
  expect(rig.acts()).toEqual(['1'])
})

test('a dry run does everything but act', async () => {
  await rig.heal({ 'restart-web': rig.playbook(helps, { mode: 'dry_run' }) })
  await rig.tell(rig.health())
  expect(await rig.untilPhase('held')).toMatchObject({ reason: expect.stringContaining('dry run') as string })
  await quiet()
  expect(rig.phases()).toEqual(['diagnosing', 'held'])
  expect(rig.acts()).toEqual([])
})

test('a program that is not there calls a person at once and says what to do', async () => {
  await rig.heal({ 'restart-web': rig.playbook('', { run: ['no-such-program-anywhere'] }) })
  await rig.tell(rig.health())
  expect(await rig.untilPhase('escalated')).toMatchObject({
    attempt: 1,
    reason: expect.stringContaining('install it, or give its full path') as string,
  })
})

describe('nothing on the bus can name a command', () => {
  test('a transition that carries one only sets off the local playbook', async () => {
    await rig.heal({ 'restart-web': rig.playbook(helps) })
    const evil = {
      ...rig.health(),
      run: ['sh', '-c', `touch ${rig.folder}/evil`],
      command: `touch ${rig.folder}/evil`,
      playbook: 'evil',
      env: { PATH: rig.folder },
    }
    await rig.tellRaw('ops.health.web-1.web', JSON.stringify({ ...evil, error: `$(touch ${rig.folder}/evil)` }))
    await rig.untilPhase('recovered')
    expect(rig.acts()).toEqual(['1'])
    expect(existsSync(join(rig.folder, 'evil'))).toBe(false)
  })

  test('a transition of another host, and of a check without a playbook, does nothing', async () => {
    await rig.heal({ 'restart-web': rig.playbook(helps) })
    await rig.tell(rig.health({ host: 'db-1' }))
    await rig.tell(rig.health({ check: 'mail' }))
    await quiet()
    expect(rig.acts()).toEqual([])
    expect(rig.phases()).toEqual([])
  })

  test('a payload that names another host than its subject is dead-lettered', async () => {
    const { service } = await rig.heal({ 'restart-web': rig.playbook(helps) })
    await rig.tellRaw('ops.health.web-1.web', JSON.stringify(rig.health({ host: 'db-1' })))
    await rig.tellRaw('ops.health.web-1.web', '{"run": ["reboot"]}')
    await rig.tellRaw('ops.health.web-1.web', 'no json')
    await until(
      () => rig.said.filter((received) => received.kind === 'dead').length === 3,
      5000,
      () => 'three dead letters',
    )
    expect(rig.said.flatMap((received) => (received.kind === 'dead' ? [received.event.reason] : []))).toEqual([
      'host_mismatch',
      'schema',
      'bad_json',
    ])
    expect(service.self()).toMatchObject({ transitions_dead_total: 3 })
    expect(rig.acts()).toEqual([])
  })
})

describe('people hold it', () => {
  const record = { active: true, reason: 'migration', actor: 'ann', until_time: null }

  test.each([
    ['the kill switch', 'kill_switch', JSON.stringify({ v: 1, data: record }), 'the kill switch is on: migration (ann)'],
    ['a hold on the host', 'hold.web-1', JSON.stringify({ v: 1, data: record }), 'this host is held: migration (ann)'],
    ['a kill switch that nobody can read', 'kill_switch', 'on', 'the kill switch is on: the value of kill_switch cannot be read'],
  ])('%s keeps it from acting, and it says so', async (_, key, value, reason) => {
    await (await rig.admin.kv('control')).put(key, value)
    await rig.heal({ 'restart-web': rig.playbook(helps) })
    await rig.tell(rig.health())
    expect(await rig.untilPhase('held')).toMatchObject({ reason, attempt: 0 })
    await quiet()
    expect(rig.acts()).toEqual([])
    expect(audits()).toMatchObject([{ action: 'heal.hold', outcome: 'nothing', reason }])
    await rig.tell(rig.health({ state: 'ok', previous: 'failing' }))
    await rig.untilPhase('recovered')
  })

  test('a hold on another host, and one whose time is over, do not', async () => {
    const control = await rig.admin.kv('control')
    await control.put('hold.db-1', JSON.stringify({ v: 1, data: record }))
    await control.put('hold.web-1', JSON.stringify({ v: 1, data: { ...record, until_time: '2020-01-01T00:00:00.000Z' } }))
    await rig.heal({ 'restart-web': rig.playbook(helps) })
    await rig.tell(rig.health())
    await rig.untilPhase('recovered')
    expect(rig.acts()).toEqual(['1'])
  })
})

test('while the collector does not answer nothing is done; when it is back, the check is healed', async () => {
  await rig.stopCollector()
  await rig.heal({ 'restart-web': rig.playbook(helps) })
  await rig.tell(rig.health())
  expect(await rig.untilPhase('held')).toMatchObject({ reason: 'the collector of web-1 does not answer' })
  expect(rig.acts()).toEqual([])
  rig.startCollector()
  await rig.untilPhase('recovered')
  expect(rig.acts()).toEqual(['1'])
})

test('a broker that dies while the command runs: the run goes on and everything is told in order afterwards', async () => {
  await rig.heal({
    'restart-web': rig.playbook('touch "$1/begun"; sleep 1; touch "$1/web.up"', { verify: { passes: 2, within: '10s', every: '100ms' } }),
  })
  await rig.tell(rig.health())
  await until(
    () => existsSync(join(rig.folder, 'begun')),
    5000,
    () => 'the command',
  )
  await rig.server.kill('SIGKILL')
  await until(
    () => existsSync(join(rig.folder, 'web.up')),
    5000,
    () => 'the end of the command',
  )
  await new Promise((resolve) => setTimeout(resolve, 500))
  await rig.server.restart()
  await rig.untilPhase('recovered', 20_000)
  expect(rig.acts()).toEqual(['1'])
  const phases = rig.phases().filter((phase) => phase !== 'held')
  expect(phases).toEqual(['diagnosing', 'acting', 'verifying', 'recovered'])
  expect(new Set(rig.heals().map((event) => event.id)).size).toBe(rig.heals().length)
})

test('a reload that takes the playbook away ends what it held', async () => {
  const { service } = await rig.heal({ 'restart-web': rig.playbook('true', { backoff: ['1h'] }) })
  await rig.tell(rig.health())
  await until(
    () => service.self()['runs_active'] === 1,
    5000,
    () => 'the run',
  )
  await service.reload(healerConfigSchema.parse({}))
  expect(await rig.untilPhase('held')).toMatchObject({ reason: 'the playbook is no longer in the configuration' })
  expect(service.self()).toMatchObject({ runs_active: 0, playbooks: 0 })
})

test('while its state cannot be saved nothing is done; afterwards nothing was lost', async () => {
  const { service } = await rig.heal({ 'restart-web': rig.playbook(helps) })
  const blocked = join(rig.stateDir, 'healer.json.tmp')
  mkdirSync(blocked)
  await rig.tell(rig.health())
  await until(
    () => service.notReady().length > 0,
    5000,
    () => 'a word about it',
  )
  expect(service.notReady()[0]).toContain('cannot write')
  expect(rig.acts()).toEqual([])
  rmdirSync(blocked)
  await rig.untilPhase('recovered')
  expect(rig.acts()).toEqual(['1'])
  expect(service.notReady()).toEqual([])
})
