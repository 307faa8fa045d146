import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RestoreAnswer } from '../../src/restore/restore-endpoints.ts'
import type { RestoreState } from '../../src/restore/restorer.ts'
import { BackupRig } from '../backup-rig.ts'

let rig: BackupRig
beforeEach(async () => {
  rig = await BackupRig.start()
  await rig.makeRepository('disk')
})
afterEach(async () => await rig.stop())

const one = (): string => readFileSync(join(rig.data, 'one'), 'utf8')
const until = async (phase: string, job = 'files'): Promise<void> =>
  await vi.waitFor(() => expect(rig.phases(job)).toContain(phase), 20_000)
const audits = () => rig.said.flatMap((each) => (each.kind === 'audit' && each.event.action === 'backup.restore' ? [each.event] : []))

test('a restore over the bus is planned, done, measured and told; one that is not well is taken back and told as failed', async () => {
  const unwell = join(rig.folder, 'unwell')
  const restore = { health: { run: ['test', '!', '-e', unwell], timeout: '1s' } }
  await rig.backUp(rig.config({ rto: '1h', restore }))
  await rig.ask('run', { job: 'files' })
  await until('verified')
  writeFileSync(join(rig.data, 'one'), 'spoilt')
  const { plan, run: none } = await rig.ask<RestoreAnswer>('restore', { name: 'files', in_place: true, dry_run: true })
  expect(none).toBeNull()
  expect(plan?.members[0]).toMatchObject({ job: 'files', destination: 'disk', files_lost: { changed: 1, added: 0, missing: 0 } })
  expect(one()).toBe('spoilt')

  writeFileSync(unwell, '')
  const failed = await rig.ask<RestoreAnswer>('restore', { name: 'files', in_place: true, actor: 'ana' })
  await until('restore_failed')
  expect(one()).toBe('spoilt')
  expect(rig.events().find(({ phase }) => phase === 'restore_failed')).toMatchObject({
    run: failed.run,
    trigger: 'restore',
    error: expect.stringContaining('taken back'),
  })
  rmSync(unwell)

  const { run } = await rig.ask<RestoreAnswer>('restore', { name: 'files', in_place: true, actor: 'ana' })
  await until('restored')
  expect(one()).toBe('one')
  const restored = rig.events().find(({ phase }) => phase === 'restored')
  expect(restored).toMatchObject({
    run,
    correlation_id: run,
    snapshot: plan?.members[0]?.snapshot,
    rto_met: true,
    error: null,
    checked_items: 1,
  })
  expect(restored?.restore_seconds).toBeGreaterThan(0)
  expect(await rig.ask<RestoreState>('restored', { run })).toMatchObject({ state: 'over', outcome: { outcome: 'done', actor: 'ana' } })
  await vi.waitFor(
    () =>
      expect(audits().map(({ actor, outcome }) => [actor, outcome])).toEqual([
        ['ana', 'failed'],
        ['ana', 'done'],
      ]),
    5000,
  )
  expect((await rig.ask<{ jobs: { rto_seconds: number }[] }>('jobs')).jobs[0]?.rto_seconds).toBe(restored?.restore_seconds)
  await expect(rig.ask('restore', { name: 'nope', dry_run: true })).rejects.toThrow('nope')
  await expect(rig.ask('restore', { name: 'files', where: 'id = 1', in_place: true })).rejects.toThrow('table')
  await expect(rig.ask('restore', { name: 'files', to: join(rig.folder, 'anywhere') })).rejects.toThrow('--local')
}, 60_000)

test('a set is restored whole, and when a later member fails the earlier ones are put back', async () => {
  const second = join(rig.folder, 'second')
  mkdirSync(second)
  writeFileSync(join(second, 'two'), 'two')
  const config = (restore: object) => {
    const { jobs, ...rest } = rig.config()
    const other = { source: { kind: 'directory', paths: [second] }, restore }
    return { ...rest, jobs: { ...(jobs as object), other }, sets: { app: { jobs: ['files', 'other'] } } }
  }
  const started = await rig.backUp(config({ after: [{ run: ['false'] }] }))
  for (const job of ['files', 'other']) {
    await rig.ask('run', { job })
    await until('verified', job)
  }
  writeFileSync(join(rig.data, 'one'), 'spoilt')
  writeFileSync(join(second, 'two'), 'spoilt')
  await rig.ask('restore', { name: 'app', in_place: true, safety: false })
  for (const job of ['files', 'other']) await until('restore_failed', job)
  expect([one(), readFileSync(join(second, 'two'), 'utf8')]).toEqual(['spoilt', 'spoilt'])
  await started.stop()

  await rig.backUp(config({}))
  const { plan } = await rig.ask<RestoreAnswer>('restore', { name: 'app', in_place: true, dry_run: true })
  expect(plan?.apart_seconds).toBeGreaterThan(0)
  await rig.ask('restore', { name: 'app', in_place: true, safety: false })
  for (const job of ['files', 'other']) await until('restored', job)
  expect([one(), readFileSync(join(second, 'two'), 'utf8')]).toEqual(['one', 'two'])
}, 60_000)

test('what a service that was killed in the middle had done is taken back at the next start', async () => {
  const started = await rig.backUp(rig.config())
  await started.stop()
  const [kept, stage] = [`${rig.data}.bak.20260101_000000`, join(rig.folder, '.nightshift-restore-x-files')]
  renameSync(rig.data, kept)
  mkdirSync(join(stage, rig.data), { recursive: true })
  mkdirSync(join(rig.stateDir, 'restores'), { recursive: true })
  const unit = { live: rig.data, staged: join(stage, rig.data), kept, wasLive: true, isStaged: true }
  const member = {
    kind: 'files',
    job: 'files',
    snapshot: 'x',
    destination: 'disk',
    work: null,
    stages: [{ folder: stage, paths: [rig.data] }],
    units: [unit],
    mounts: [],
    folder: null,
  }
  const course = { mode: 'in_place', members: 1, withSafety: false, phase: 'forward', at: 2, reached: 2, failure: null, problems: [] }
  const journal = {
    schema_version: 1,
    run: 'x',
    actor: 'ana',
    startedMs: 0,
    pid: 1,
    pidStart: 'of another boot',
    course,
    members: [member],
  }
  writeFileSync(join(rig.stateDir, 'restores', 'x.json'), JSON.stringify(journal))
  await rig.backUp(rig.config())
  await until('restore_failed')
  expect(one()).toBe('one')
  expect(readdirSync(join(rig.stateDir, 'restores'))).toEqual([])
  expect(readdirSync(rig.folder).filter((name) => name.includes('.bak.') || name.startsWith('.nightshift'))).toEqual([])
}, 60_000)
