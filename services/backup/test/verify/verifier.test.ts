import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import type { JobRow } from '../../src/jobs/job-rows.ts'
import type { SnapshotRow } from '../../src/local/snapshot-rows.ts'
import type { PlanReport } from '../../src/recovery/plan-report.ts'
import { BackupRig } from '../backup-rig.ts'

let rig: BackupRig
beforeEach(async () => {
  rig = await BackupRig.start()
  await rig.makeRepository('disk')
})
afterEach(async () => await rig.stop())

const never = { packs: { schedule: 'never' }, drill: 'never', whole: { schedule: 'never' } }
const quiet = { verify: never }
const rows = async (): Promise<SnapshotRow[]> => (await rig.ask<{ snapshots: SnapshotRow[] }>('snapshots')).snapshots

async function backedUp(job = 'files'): Promise<void> {
  const before = rig.phases(job).filter((phase) => phase === 'verified').length
  await rig.ask('run', { job })
  await vi.waitFor(() => expect(rig.phases(job).filter((phase) => phase === 'verified')).toHaveLength(before + 1), 15_000)
}

async function ended(job: string, run: string): Promise<BackupEvent> {
  return await vi.waitFor(() => {
    const event = rig.events(job).find((each) => each.run === run)
    if (event === undefined) throw new Error(`no end of ${run} yet: ${rig.phases(job).join(' ')}`)
    return event
  }, 20_000)
}

async function drill(request: object = { job: 'files' }, job = 'files'): Promise<BackupEvent> {
  // The one before may have been told and still be on its way out of the queue.
  const run = await vi.waitFor(async () => {
    const answer = await rig.ask<{ run: string; is_new: boolean }>('drill', { actor: 'ana', ...request })
    expect(answer.is_new).toBe(true)
    return answer.run
  }, 5000)
  return await ended(job, run)
}

/** Flips a byte in the middle of a pack. */
function damage(name = 'disk'): void {
  const data = join(rig.repositoryFolder(name), 'data')
  for (const folder of readdirSync(data))
    for (const pack of readdirSync(join(data, folder))) {
      const file = join(data, folder, pack)
      const bytes = readFileSync(file)
      if (bytes.length < 20_000) continue
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      writeFileSync(file, bytes, { mode: 0o600 })
    }
}

test('a drill restores, compares, marks the snapshot as verified, measures the RTO, and leaves nothing behind', async () => {
  writeFileSync(join(rig.data, 'large'), Buffer.alloc(2_000_000, 'x'))
  await rig.backUp(rig.config({ rto: '1h', drill: { timeout: '1m' } }, quiet))
  await backedUp()
  const [before] = await rows()
  expect(before?.verified_time).toBeNull()
  const event = await drill()
  expect(event).toMatchObject({ phase: 'drill', level: 'V2', error: null, rto_met: true, checked_bytes: 2_000_003 })
  expect(event.checked_items).toBeGreaterThan(3)
  expect(event.restore_seconds).toBeGreaterThan(0)
  const all = await rows()
  expect(all).toHaveLength(1)
  expect(all[0]).toMatchObject({ snapshot: event.snapshot, verified_time: expect.any(String) })
  expect(all[0]?.snapshot).not.toBe(before?.snapshot)
  const [row] = (await rig.ask<{ jobs: JobRow[] }>('jobs')).jobs
  expect(row).toMatchObject({ last_snapshot: event.snapshot, rto_met: true })
  expect(existsSync(join(rig.stateDir, 'drill', 'files'))).toBe(false)
  const audits = rig.said.flatMap((each) => (each.kind === 'audit' ? [each.event.action] : []))
  expect(audits).toContain('backup.drill')

  // A run after it goes on from the snapshot that has another id now.
  await backedUp()
  expect(rig.events().findLast(({ phase }) => phase === 'completed')?.added_bytes).toBeLessThan(20_000)
})

test('one flipped byte fails the drill with the name of the file, and both verifications of the repository', async () => {
  const noise = Buffer.alloc(300_000)
  for (let at = 0; at < noise.length; at++) noise[at] = (at * 2_654_435_761) >>> 13
  writeFileSync(join(rig.data, 'noise'), noise)
  await rig.backUp(rig.config({}, { verify: { ...never, packs: { schedule: 'never', parts: 1 } } }))
  await backedUp()
  const whole = await rig.ask<{ runs: { run: string }[] }>('verify', { whole: true })
  expect(await ended('verify', whole.runs[0]?.run ?? '')).toMatchObject({ phase: 'verified', level: 'V3', error: null })
  damage()
  const drilled = await drill()
  expect(drilled).toMatchObject({ phase: 'drill_failed', level: 'V2' })
  expect(drilled.error).toContain(`${rig.data}/noise`)
  expect((await rows())[0]?.verified_time).toBeNull()
  for (const request of [{}, { whole: true }]) {
    const { runs } = await rig.ask<{ runs: { run: string; destination: string }[] }>('verify', request)
    expect(runs.map(({ destination }) => destination)).toEqual(['disk'])
    const event = await ended('verify', runs[0]?.run ?? '')
    expect(event).toMatchObject({ phase: 'verify_failed', destinations: [{ name: 'disk', ok: false }] })
    expect(event.error).toContain('damaged')
  }
})

test('verifications come by their schedules, what was missed is made good after the start, and never beside a run', async () => {
  const first = await rig.backUp(rig.config({}, quiet))
  await backedUp()
  await first.stop()
  const file = join(rig.stateDir, 'backup.json')
  const stored = JSON.parse(readFileSync(file, 'utf8')) as { state: { verifications: Record<string, unknown> } }
  const mark = {
    sinceMs: Date.now() - 40 * 86_400_000,
    slotMs: null,
    retryMs: null,
    attempt: 0,
    turn: 3,
    lastMs: null,
    passed: null,
    error: null,
  }
  stored.state.verifications = { 'packs of disk': mark, 'drill of files': mark, 'whole of disk': mark }
  writeFileSync(file, JSON.stringify(stored))
  mkdirSync(join(rig.stateDir, 'drill', 'files', 'left'), { recursive: true })
  await rig.backUp(rig.config({}, { verify: { jitter: '0s' } }))
  expect(existsSync(join(rig.stateDir, 'drill', 'files', 'left'))).toBe(false)
  await vi.waitFor(() => expect(rig.phases()).toContain('drill'), 20_000)
  await vi.waitFor(() => expect(new Set(rig.events('verify').map(({ level }) => level))).toEqual(new Set(['V1', 'V3'])), 20_000)
  for (const event of rig.events('verify')) expect(event).toMatchObject({ phase: 'verified', error: null })
  expect(rig.events('verify')[0]?.checked_items).toBeGreaterThan(3)
  await vi.waitFor(() => {
    const { state } = JSON.parse(readFileSync(file, 'utf8')) as {
      state: { verifications: Record<string, { turn: number; passed: boolean }> }
    }
    for (const key of ['packs of disk', 'drill of files', 'whole of disk'])
      expect(state.verifications[key]).toMatchObject({ turn: 4, passed: true })
  }, 5000)
})

test('a job without a snapshot, or a destination that is away, fails its drill with what to do', async () => {
  await rig.backUp(rig.config({}, quiet))
  expect((await drill()).error).toContain('has no such snapshot yet; run the backup first')
  await expect(rig.ask('drill', { job: 'nothing' })).rejects.toThrow(/no job nothing/)
  await expect(rig.ask('verify', { destination: 'nothing' })).rejects.toThrow(/no destination nothing/)
  await expect(rig.ask('drill', { plan: true })).rejects.toThrow(/backup\.plan/)
  const { runs } = await rig.ask<{ runs: { run: string }[] }>('verify')
  expect(await ended('verify', runs[0]?.run ?? '')).toMatchObject({ phase: 'verify_failed' })
})

test('a SQLite job is loaded, its rows are counted and its queries asked', async () => {
  const path = join(rig.folder, 'shop.sqlite')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, paid INT); INSERT INTO orders (paid) VALUES (1), (1), (0)')
  const queries = {
    enough: { query: 'SELECT count(*) FROM orders', expect: { min: 3 } },
    paid: { query: 'SELECT id FROM orders WHERE paid = 0', expect: { rows: 0 } },
  }
  const job = (drill: object) => ({ jobs: { shop: { source: { kind: 'sqlite', path }, retry: { attempts: 1 }, drill } } })
  const { service } = await rig.backUp({ ...rig.config({}, quiet), ...job({ queries: { enough: queries.enough } }) })
  await backedUp('shop')
  expect(await drill({ job: 'shop' }, 'shop')).toMatchObject({ phase: 'drill', error: null })
  const { backupConfigSchema } = await import('../../src/config.ts')
  await service.reload(backupConfigSchema.parse({ ...rig.config({}, quiet), ...job({ queries }) }))
  const failed = await drill({ job: 'shop' }, 'shop')
  expect(failed).toMatchObject({ phase: 'drill_failed', error: 'query paid: 1 rows, expected 0, such as 3' })
  database.close()
})

test('the recovery plan is drilled in the order of its tiers, measured, reported and told', async () => {
  const other = { source: { kind: 'directory', paths: [rig.data] }, retry: { attempts: 1 } }
  const config = rig.config()
  const plan = {
    schedule: 'never',
    tiers: { low: { jobs: ['other'] }, high: { jobs: ['files'], rto: '1h', rpo: '24h' } },
    scenarios: { hardware: { tiers: ['high', 'low'], rto: '4h' } },
  }
  await rig.backUp({ ...config, ...quiet, plan, jobs: { ...(config['jobs'] as object), other } })
  await backedUp()
  const first = await rig.ask<{ run: string }>('drill', { plan: true })
  const failed = await ended('plan', first.run)
  expect(failed).toMatchObject({ phase: 'drill_failed', checked_items: 2 })
  expect(failed.error).toContain('other: ')
  expect(failed.error).toContain('hardware: other could not be brought back')

  await backedUp('other')
  const { run } = await rig.ask<{ run: string }>('drill', { plan: true })
  expect(await ended('plan', run)).toMatchObject({ phase: 'drill', error: null })
  const { report } = await rig.ask<{ report: PlanReport }>('plan')
  expect(report.jobs.map(({ name, tier, rtoMet, rpoMet }) => [tier, name, rtoMet, rpoMet])).toEqual([
    ['high', 'files', true, true],
    ['low', 'other', null, null],
  ])
  expect(report.scenarios[0]).toMatchObject({ name: 'hardware', rtoMet: true, error: null })
  const files = readdirSync(join(rig.stateDir, 'reports')).filter((name) => name.endsWith('.md'))
  expect(files).toHaveLength(2)
  expect(readFileSync(join(rig.stateDir, 'reports', files.toSorted().at(-1) ?? ''), 'utf8')).toContain('every objective was met')
  const order = rig.said.flatMap((each) => (each.kind === 'backup' && each.event.phase === 'drill' ? [each.event.job] : []))
  expect(order).toEqual(['files', 'files', 'other', 'plan'])
})

test('each destination has its turn, and one that is away wakes nobody up before it was tried again', async () => {
  const second = rig.repositoryFolder('second')
  await rig.makeRepository('second')
  const destinations = { disk: { kind: 'local', path: rig.repositoryFolder('disk') }, second: { kind: 'local', path: second } }
  const first = await rig.backUp(rig.config({}, { ...quiet, destinations }))
  await backedUp()
  const turns = [await drill(), await drill(), await drill()].map(({ destinations: places }) => places?.[0]?.name)
  expect(turns).toEqual(['disk', 'second', 'disk'])
  await first.stop()

  const file = join(rig.stateDir, 'backup.json')
  const stored = JSON.parse(readFileSync(file, 'utf8')) as { state: { verifications: Record<string, object> } }
  const mark = {
    sinceMs: Date.now() - 40 * 86_400_000,
    slotMs: null,
    retryMs: null,
    attempt: 0,
    turn: 0,
    lastMs: null,
    passed: null,
    error: null,
  }
  stored.state.verifications = { 'packs of second': mark }
  writeFileSync(file, JSON.stringify(stored))
  const unreachable = {
    ...destinations,
    second: { kind: 's3', endpoint: 'http://127.0.0.1:9', bucket: 'none', timeout: '1s', access_key_id: 'x', secret_access_key: 'x' },
  }
  await rig.backUp(rig.config({ to: ['disk'] }, { verify: { ...never, packs: {}, jitter: '0s' }, destinations: unreachable }))
  await vi.waitFor(() => expect(rig.log).toContain('packs of second: is tried again later'), 25_000)
  expect(rig.phases('verify')).not.toContain('verify_failed')
}, 60_000)
