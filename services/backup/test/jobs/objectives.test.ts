import { expect, test } from 'vitest'
import { judgeObjectives } from '../../src/jobs/objectives.ts'
import { backupName } from '../../src/jobs/snapshot-name.ts'
import { judgeCopies } from '../../src/jobs/three-two-one.ts'

const dayMs = 86_400_000

test('an RPO is met up to its very end, and never without a snapshot', () => {
  const promised = { rpoMs: dayMs, rtoMs: null }
  const judge = (ageMs: number): boolean | null => judgeObjectives(promised, { contentMs: 1000, restoreSeconds: null }, 1000 + ageMs).rpoMet
  expect([judge(dayMs), judge(dayMs + 1)]).toEqual([true, false])
  expect(judgeObjectives(promised, { contentMs: null, restoreSeconds: null }, 0)).toMatchObject({ rpoSeconds: null, rpoMet: false })
})

test('an RTO is not known until something was restored', () => {
  const promised = { rpoMs: null, rtoMs: 60_000 }
  const judge = (restoreSeconds: number | null): boolean | null => judgeObjectives(promised, { contentMs: 0, restoreSeconds }, 0).rtoMet
  expect([judge(null), judge(60), judge(60.1)]).toEqual([null, true, false])
  expect(judgeObjectives({ rpoMs: null, rtoMs: null }, { contentMs: 0, restoreSeconds: 5 }, 0)).toMatchObject({
    rpoMet: null,
    rtoMet: null,
  })
})

test('a name has the wall time of the zone, as people write it', () => {
  const atMs = Date.parse('2025-10-20T15:00:07Z')
  expect(backupName('backup_%Y_%m_%d_%H%M', atMs, 'Asia/Seoul')).toBe('backup_2025_10_21_0000')
  expect(backupName('db_backup_%Y%m%d_%H%M%S', atMs, 'UTC')).toBe('db_backup_20251020_150007')
})

test('the 3-2-1 rule says what is missing', () => {
  const disk = { name: 'disk', medium: 'local', isOffSite: false }
  const cloud = { name: 'cloud', medium: 's3', isOffSite: true }
  expect(judgeCopies([disk, cloud])).toEqual({ copies: 3, media: 2, offSite: 1, isMet: true, missing: [] })
  expect(judgeCopies([disk]).missing).toEqual(['1 more destination', 'a second kind of store', 'a destination that is off site'])
  expect(judgeCopies([disk, { ...disk, name: 'other' }]).missing).toEqual(['a second kind of store', 'a destination that is off site'])
  expect(judgeCopies([]).missing[0]).toBe('2 more destinations')
})
