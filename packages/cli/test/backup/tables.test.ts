import { expect, test } from 'vitest'
import type { JobRow } from '@nightshift/backup/jobs/job-rows'
import { jobLines } from '../../src/backup/jobs.ts'
import { progressLine } from '../../src/backup/progress-line.ts'
import { bytesText, lengthText } from '../../src/backup/quantities.ts'

const row: JobRow = {
  job: 'db',
  kind: 'postgres',
  to: ['disk', 'cloud'],
  state: 'ok',
  next_due: '2026-11-22T02:00:00.000Z',
  last_time: '2026-11-21T02:00:00.000Z',
  last_name: 'backup_2026_11_21_0200',
  last_snapshot: 'ab',
  last_size_bytes: 2_040_109_466,
  last_added_bytes: 12_582_912,
  last_duration_seconds: 75,
  failures: 0,
  error: null,
  rpo_seconds: 3600,
  rpo_met: true,
  rto_seconds: null,
  rto_met: null,
  copies: { good: 3, media: 2, off_site: 1, rule_met: true },
  progress: null,
}

test('jobs are a table that a person reads at a glance, with what is wrong below it', () => {
  const late: JobRow = {
    ...row,
    job: 'models',
    state: 'failing',
    failures: 2,
    error: 'bucket b is away',
    rpo_met: false,
    rpo_seconds: 180_000,
    next_due: null,
  }
  expect(jobLines([row, late], '2026-11-21T12:00:00.000Z', 'UTC')).toEqual([
    'JOB     STATE    LAST                 SIZE     NEW   TOOK  NEXT              COPIES  TO',
    'db      ok       2026-11-21 02:00  1.9 GiB  12 MiB  1 min  2026-11-22 02:00       3  disk, cloud',
    'models  failing  2026-11-21 02:00  1.9 GiB  12 MiB  1 min  -                      3  disk, cloud',
    '  models failed 2 times in a row: bucket b is away',
    '  models RPO not met: the newest good snapshot is 2 d 2 h old',
  ])
})

test('progress is one line of the width of the screen, and a bar never goes over its end', () => {
  const at = { step: 'reading /srv/models/a.bin', doneBytes: 1024 ** 3, totalBytes: 4 * 1024 ** 3, doneItems: 12, totalItems: 40 }
  expect(progressLine(at, 200)).toBe('[######..................]  25 %  1.0 GiB of 4.0 GiB  12 files  reading /srv/models/a.bin')
  expect(progressLine(at, 40)).toHaveLength(39)
  expect(progressLine({ ...at, doneBytes: 9 * 1024 ** 3 }, 200)).toContain('] 100 %')
  expect(progressLine({ step: 'hook sh', doneBytes: null, totalBytes: null, doneItems: null, totalItems: null }, 80)).toBe('hook sh')
})

test('quantities are short', () => {
  expect([0, 1023, 1024, 10 * 1024 ** 2, null].map(bytesText)).toEqual(['0 B', '1023 B', '1.0 KiB', '10 MiB', '-'])
  expect([0.84, 75, 3 * 3600 + 720, 200_000, null].map(lengthText)).toEqual(['0.8 s', '1 min', '3 h 12 min', '2 d 7 h', '-'])
})
