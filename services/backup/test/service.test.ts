import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { backupConfigSchema } from '../src/config.ts'
import type { JobRow } from '../src/jobs/job-rows.ts'
import type { SnapshotRow } from '../src/local/snapshot-rows.ts'
import { BackupRig } from './backup-rig.ts'

let rig: BackupRig
beforeEach(async () => {
  rig = await BackupRig.start()
  await rig.makeRepository('disk')
})
afterEach(async () => await rig.stop())

const row = async (): Promise<JobRow | undefined> => (await rig.ask<{ jobs: JobRow[] }>('jobs')).jobs[0]
const snapshots = async (destination?: string): Promise<SnapshotRow[]> =>
  (await rig.ask<{ snapshots: SnapshotRow[] }>('snapshots', destination === undefined ? {} : { destination })).snapshots
const until = async (phase: string, times = 1): Promise<void> =>
  await vi.waitFor(() => expect(rig.phases().filter((each) => each === phase)).toHaveLength(times), 15_000)

test('a run on request is told from its start to its verification, and the next one only stores what is new', async () => {
  await rig.backUp(rig.config({ schedule: 'daily', rpo: '24h' }))
  const answer = await rig.ask<{ run: string; is_new: boolean }>('run', { job: 'files', actor: 'ana' })
  expect(answer.is_new).toBe(true)
  await until('verified')
  expect(rig.phases()).toEqual(['started', 'completed', 'verified'])
  const [started, completed, verified] = rig.events()
  expect(started).toMatchObject({ run: answer.run, correlation_id: answer.run, trigger: 'request', attempt: 1 })
  expect(completed).toMatchObject({ run: answer.run, files: 1, size_bytes: 3, encrypted: true, rpo_met: true, error: null, skipped: 0 })
  expect(completed?.name).toMatch(/^backup_\d{4}_\d\d_\d\d_\d{4}$/)
  expect(completed?.destinations).toMatchObject([
    { name: 'disk', ok: true, error: null, stored_bytes: expect.any(Number), free_bytes: expect.any(Number) },
  ])
  expect(verified).toMatchObject({ level: 'V0', snapshot: completed?.snapshot })
  expect(verified?.checked_items).toBeGreaterThan(0)
  for (const event of rig.events()) expect(Date.parse(event.next_due ?? '')).toBeGreaterThan(Date.now())

  writeFileSync(join(rig.data, 'two'), Buffer.alloc(50_000, 7))
  await rig.ask('run', { job: 'files' })
  await until('completed', 2)
  expect(rig.events().findLast(({ phase }) => phase === 'completed')?.added_bytes).toBeLessThan(20_000)
  expect((await snapshots()).map(({ files }) => files)).toEqual([2, 1])
  expect(await row()).toMatchObject({ job: 'files', state: 'ok', failures: 0, rpo_met: true })
  const audits = rig.said.flatMap((each) => (each.kind === 'audit' ? [each.event] : []))
  expect(audits[0]).toMatchObject({ actor: 'ana', action: 'backup.run', target: 'files', outcome: 'done' })
  expect(rig.said.some(({ kind }) => kind === 'progress')).toBe(true)
})

test('heartbeats say when each job is due, and a job without a schedule is not missed', async () => {
  const { service } = await rig.backUp({
    ...rig.config({ schedule: '0 2 * * *' }),
    jobs: { ...(rig.config({ schedule: '0 2 * * *' })['jobs'] as object), extra: { source: { kind: 'directory', paths: [rig.data] } } },
  })
  await vi.waitFor(() => expect(Object.keys(service.nextDue?.() ?? {})).toEqual(['files']), 5000)
  expect(service.nextDue?.()['files']).toMatch(/T02:00:00\.000Z$/)
})

test('a destination that is away fails alone, is said, and is brought up to date when it is back', async () => {
  const away = rig.repositoryFolder('second')
  const rest = {
    destinations: { disk: { kind: 'local', path: rig.repositoryFolder('disk') }, second: { kind: 'local', path: away, off_site: true } },
  }
  await rig.backUp(rig.config({}, rest))
  await rig.ask('run', { job: 'files' })
  await until('completed')
  const [, completed] = rig.events()
  expect(completed?.destinations?.map(({ name, ok }) => [name, ok])).toEqual([
    ['disk', true],
    ['second', false],
  ])
  expect(completed?.error).toContain('second: ')
  expect((await row())?.copies).toMatchObject({ good: 2, rule_met: false })

  await rig.makeRepository('second')
  writeFileSync(join(rig.data, 'two'), 'two')
  await rig.ask('run', { job: 'files' })
  await until('completed', 2)
  expect((await snapshots('second')).map(({ files }) => files)).toEqual([2])
  expect((await row())?.copies).toMatchObject({ good: 3, off_site: 1 })

  renameSync(away, `${away}.gone`)
  writeFileSync(join(rig.data, 'three'), 'three')
  await rig.ask('run', { job: 'files' })
  await until('completed', 3)
  renameSync(`${away}.gone`, away)
  await rig.ask('run', { job: 'files' })
  await until('completed', 4)
  expect((await snapshots('second')).map(({ files }) => files)).toEqual([3, 3, 2])
})

test('a source that is not there fails with what to do, keeps the old snapshots, and is not tried again', async () => {
  await rig.backUp(rig.config({ retry: { attempts: 3, backoff: ['100ms'] } }))
  await rig.ask('run', { job: 'files' })
  await until('completed')
  renameSync(rig.data, `${rig.data}.gone`)
  await rig.ask('run', { job: 'files' })
  await until('failed')
  const failed = rig.events().at(-1)
  expect(failed?.error).toContain(rig.data)
  expect(await row()).toMatchObject({ state: 'failing', failures: 1 })
  expect(await snapshots()).toHaveLength(1)
  renameSync(`${rig.data}.gone`, rig.data)
})

test('what may pass later is tried again, as often as the job says', async () => {
  const source = { kind: 'redis', host: '127.0.0.1', port: 1 }
  await rig.backUp(rig.config({ source, schedule: 'daily', retry: { attempts: 2, backoff: ['300ms'] } }))
  await rig.ask('run', { job: 'files' })
  await until('failed', 2)
  const tries = rig.events().filter(({ phase }) => phase === 'started')
  expect(tries.map(({ trigger, attempt }) => [trigger, attempt])).toEqual([
    ['request', 1],
    ['retry', 2],
  ])
  const [first, second] = rig.events().filter(({ phase }) => phase === 'failed')
  expect(Date.parse(first?.next_due ?? '') - Date.parse(first?.time ?? '')).toBeLessThanOrEqual(300)
  expect(Date.parse(second?.next_due ?? '') - Date.now()).toBeGreaterThan(1000)
  expect(await row()).toMatchObject({ state: 'failing', failures: 2 })
})

test.each([
  ['a password that opens nothing', { password: 'another-Stable-horse-7' }, /password/],
  [
    'a repository that was never made',
    { destinations: { disk: { kind: 'local', path: '/nowhere/repository' } } },
    /nightshift backup init/,
  ],
])('%s is one clear message, and is not tried again', async (_, rest, message) => {
  await rig.backUp(rig.config({ retry: { attempts: 3, backoff: ['100ms'] } }, rest))
  await rig.ask('run', { job: 'files' })
  await until('failed')
  expect(rig.events().at(-1)?.error).toMatch(message)
  expect((await row())?.next_due).toBeNull()
})

test('a bus that goes away in the middle of a run does not end it, and the events come when it is back', async () => {
  const source = { kind: 'command', argv: ['sh', '-c', 'sleep 1.5; echo done'], file_name: 'said' }
  await rig.backUp(rig.config({ source, hold_healer: true }))
  await rig.ask('run', { job: 'files' })
  await until('started')
  await rig.server.kill('SIGKILL')
  await sleep(2500)
  await rig.server.restart()
  await until('completed')
  expect(rig.phases()).toEqual(expect.arrayContaining(['started', 'completed', 'verified']))
})

test('hooks go before and after, after also when the run failed, and a hook that fails fails the run', async () => {
  const file = join(rig.folder, 'hooks')
  const note = (text: string): object => ({ run: ['sh', '-c', `echo "${text} $NIGHTSHIFT_OUTCOME" >> '${file}'`] })
  await rig.backUp(rig.config({ before: [note('stop')], after: [note('start')] }))
  await rig.ask('run', { job: 'files' })
  await until('verified')
  expect(readFileSync(file, 'utf8')).toBe('stop \nstart completed\n')
  renameSync(rig.data, `${rig.data}.gone`)
  await rig.ask('run', { job: 'files' })
  await until('failed')
  expect(readFileSync(file, 'utf8').split('\n').at(-2)).toBe('start failed')
  renameSync(`${rig.data}.gone`, rig.data)
})

test('a run that a person ends says who it was, and there is nothing to end after it', async () => {
  const slow = { kind: 'command', argv: ['sleep', '30'], file_name: 'said' }
  await rig.backUp(rig.config({ source: slow }))
  await rig.ask('run', { job: 'files' })
  await until('started')
  expect(await rig.ask('cancel', { job: 'files', actor: 'ben' })).toEqual({ cancelled: true })
  await until('failed')
  expect(rig.events().at(-1)?.error).toContain('ended by ben')
  expect(await rig.ask('cancel', { job: 'files' })).toEqual({ cancelled: false })
})

test('a run that a crash cut off is told to have failed, and is tried again after the next start', async () => {
  const running = { run: '01JZZZZZZZZZZZZZZZZZZZZZZZ', startedMs: Date.now() - 5000, trigger: 'schedule' }
  const record = {
    sinceMs: 0,
    slotMs: Date.now() - 5000,
    retryMs: null,
    failures: 0,
    attempt: 1,
    running,
    lastFinishedMs: null,
    lastError: null,
  }
  const more = { lastGood: null, lastVerifiedMs: null, restoreSeconds: null, destinations: {} }
  writeFileSync(
    join(rig.stateDir, 'backup.json'),
    JSON.stringify({ schema_version: 1, state: { jobs: { files: { ...record, ...more } }, prunedMs: {} } }),
  )
  await rig.backUp(rig.config({ schedule: 'daily', retry: { attempts: 3, backoff: ['200ms'] } }))
  await until('completed')
  expect(rig.events()[0]).toMatchObject({ phase: 'failed', run: running.run, error: expect.stringContaining('ended in the middle') })
  expect(rig.events().find(({ phase }) => phase === 'completed')).toMatchObject({ trigger: 'retry', attempt: 2 })
})

test('a run that was missed is made good after the start, by what the repository says when the state is lost', async () => {
  const first = await rig.backUp(rig.config())
  await rig.ask('run', { job: 'files' })
  await until('completed')
  await first.stop()
  const path = join(rig.stateDir, 'backup.json')
  const file = JSON.parse(readFileSync(path, 'utf8')) as { state: { jobs: { files: { sinceMs: number } } } }
  file.state.jobs.files.sinceMs = Date.now() - 3 * 86_400_000
  writeFileSync(path, JSON.stringify(file))
  const second = await rig.backUp(rig.config({ schedule: 'hourly' }))
  await until('completed', 2)
  expect(rig.events().filter(({ phase }) => phase === 'completed')[1]).toMatchObject({ trigger: 'catch_up' })
  await second.stop()
  rmSync(path)
  const third = await rig.backUp(rig.config({ schedule: 'hourly' }))
  await vi.waitFor(() => expect(third.service.nextDue?.()['files']).toBeDefined(), 5000)
  const due = Date.parse(third.service.nextDue?.()['files'] ?? '')
  expect(due).toBeGreaterThan(Date.now())
  expect(due).toBeLessThanOrEqual(Date.now() + 3_600_000)
})

test('what changes is backed up when it comes to rest', async () => {
  await rig.backUp(rig.config({ on_change: { debounce: '200ms', max_wait: '5s' } }))
  await vi.waitFor(async () => expect((await row())?.state).toBe('never'), 5000)
  mkdirSync(join(rig.data, 'models'))
  for (let n = 0; n < 5; n++) writeFileSync(join(rig.data, 'models', `m${n}`), String(n))
  await until('completed')
  expect(rig.events().find(({ phase }) => phase === 'completed')).toMatchObject({ trigger: 'change', files: 6 })
})

test('the healer is held while the run goes, and a hold that a person set stays', async () => {
  const kv = await rig.admin.kv('control')
  const seen: string[] = []
  const source = { kind: 'command', argv: ['sh', '-c', 'sleep 0.5; echo done'], file_name: 'said' }
  await rig.backUp(rig.config({ source, hold_healer: true }))
  await rig.ask('run', { job: 'files' })
  await vi.waitFor(async () => {
    const entry = await kv.get('hold.web-1')
    seen.push(entry?.string() ?? '')
    expect(seen.at(-1)).toContain('"active":true')
  }, 5000)
  expect(seen.at(-1)).toContain('the backup files is under way')
  await until('completed')
  await vi.waitFor(async () => expect((await kv.get('hold.web-1'))?.string()).toContain('"active":false'), 5000)
  const mine = JSON.stringify({ v: 1, data: { active: true, reason: 'disks', actor: 'ana', until_time: null } })
  await kv.put('hold.web-1', mine)
  await rig.ask('run', { job: 'files' })
  await until('completed', 2)
  expect((await kv.get('hold.web-1'))?.string()).toBe(mine)
})

test('destinations are pruned when it is their time, and that is told', async () => {
  writeFileSync(join(rig.stateDir, 'backup.json'), JSON.stringify({ schema_version: 1, state: { jobs: {}, prunedMs: { disk: 0 } } }))
  await rig.backUp(rig.config({}, { prune: { schedule: 'hourly' } }))
  await rig.ask('run', { job: 'files' })
  await vi.waitFor(() => expect(rig.phases('prune')).toEqual(['pruned']), 15_000)
  expect(rig.events('prune')[0]).toMatchObject({ removed_bytes: 0, destinations: [{ name: 'disk', ok: true }] })
  await until('completed')
})

test('a changed configuration is taken without losing what is known, and jobs that are gone are not due any more', async () => {
  const { service } = await rig.backUp(rig.config({ schedule: 'daily' }))
  await rig.ask('run', { job: 'files' })
  await until('completed')
  const jobs = {
    ...(rig.config({ schedule: 'weekly' })['jobs'] as object),
    other: { source: { kind: 'directory', paths: [rig.data] }, schedule: 'daily' },
  }
  await service.reload(backupConfigSchema.parse(rig.config({}, { jobs })))
  await vi.waitFor(() => expect(Object.keys(service.nextDue?.() ?? {})).toEqual(['files', 'other']), 5000)
  expect(await row()).toMatchObject({ job: 'files', state: 'ok' })
  await service.reload(backupConfigSchema.parse(rig.config({ schedule: 'daily' })))
  expect(Object.keys(service.nextDue?.() ?? {})).toEqual(['files'])
})

test('a name that every object knows is no job, and leaves nothing behind that keeps the service from its next start', async () => {
  const first = await rig.backUp(rig.config())
  for (const job of ['constructor', '__proto__', 'toString']) {
    await expect(rig.ask('run', { job })).rejects.toThrow('there is no job')
    await expect(rig.ask('snapshots', { job })).rejects.toThrow('there is no job')
    await expect(rig.ask('drill', { job })).rejects.toThrow('there is no job')
    await expect(rig.ask('restore', { name: job })).rejects.toThrow('there is no job')
    await expect(rig.ask('snapshots', { destination: job })).rejects.toThrow('there is no destination')
  }
  await rig.ask('run', { job: 'files' })
  await until('verified')
  await first.stop()
  const state = JSON.parse(readFileSync(join(rig.stateDir, 'backup.json'), 'utf8')) as { state: { jobs: object } }
  expect(Object.keys(state.state.jobs)).toEqual(['files'])
  await rig.backUp(rig.config())
  expect(await row()).toMatchObject({ job: 'files', state: 'ok' })
})

test('a state that cannot be written, as on a full disk, keeps no backup from being made', async () => {
  mkdirSync(join(rig.stateDir, 'backup.json.tmp'))
  await rig.backUp(rig.config())
  await rig.ask('run', { job: 'files' })
  await until('verified')
  expect(rig.phases()).toEqual(['started', 'completed', 'verified'])
  expect(rig.log).toContain('backup.json; free space, or correct its permissions')
  expect(await row()).toMatchObject({ state: 'ok' })
})

test('what is asked wrongly is refused with what there is', async () => {
  await rig.backUp(rig.config())
  await expect(rig.ask('run', { job: 'nope' })).rejects.toMatchObject({ message: expect.stringContaining('there are files') })
  await expect(rig.ask('run', {})).rejects.toMatchObject({ code: 'bad_request' })
  expect(rig.phases()).toEqual([])
})
