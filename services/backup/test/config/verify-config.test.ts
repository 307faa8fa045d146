import { expect, test } from 'vitest'
import { backupConfigSchema } from '../../src/config.ts'
import { jobSchema } from '../../src/config/job-config.ts'
import { plannedTasks, taskKey, taskOf } from '../../src/verify/verify-task.ts'
import { scratchBytes } from '../../src/verify/scratch-room.ts'

const base = {
  password: 'correct-horse-Battery-9',
  destinations: { disk: { kind: 'local', path: '/var/backups/x' } },
  jobs: {
    etc: { source: { kind: 'directory', paths: ['/etc'] } },
    db: { source: { kind: 'sqlite', path: '/srv/x.db' }, drill: { schedule: 'monthly' } },
  },
}
const problemsOf = (job: object): string[] =>
  jobSchema.safeParse(job).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? []

test('without a word each destination is read daily in 30 parts and monthly whole, and each job is drilled weekly', () => {
  const config = backupConfigSchema.parse(base)
  expect(config.verify).toMatchObject({ packs: { parts: 30 }, whole: { restic: false }, jitter: 3_600_000 })
  expect(plannedTasks(config).map(({ task, crons }) => [taskKey(task), crons.join()])).toEqual([
    ['packs of disk', '30 4 * * *'],
    ['whole of disk', '0 6 1 * *'],
    ['drill of etc', '0 6 * * 6'],
    ['drill of db', '0 4 1 * *'],
  ])
  for (const { task } of plannedTasks(config)) expect(taskOf(taskKey(task))).toEqual(task)
})

test('never is never', () => {
  const verify = { packs: { schedule: 'never' }, whole: { schedule: 'never' }, drill: 'never' }
  expect(plannedTasks(backupConfigSchema.parse({ ...base, verify })).map(({ task }) => task.name)).toEqual(['db'])
})

test('queries where there is no database, and jobs by the names of verifications, are refused', () => {
  const drill = { queries: { some: { query: 'SELECT 1' } } }
  expect(problemsOf({ source: { kind: 'directory', paths: ['/etc'] }, drill })).toEqual(['drill has queries, and directory is no database'])
  expect(problemsOf({ source: { kind: 'sqlite', path: '/srv/x.db' }, drill })).toEqual([])
  for (const name of ['verify', 'plan'])
    expect(backupConfigSchema.safeParse({ ...base, jobs: { [name]: base.jobs.etc } }).success).toBe(false)
})

test('a database needs room for itself beside its dump, and what does not say its size is tried', () => {
  const { etc, db } = backupConfigSchema.parse(base).jobs
  if (etc === undefined || db === undefined) throw new Error('no jobs')
  const spareBytes = 64 * 1024 * 1024
  expect(scratchBytes(1000, etc)).toBe(1000 + spareBytes)
  expect(scratchBytes(1000, db)).toBe(4000 + spareBytes)
  expect(scratchBytes(undefined, db)).toBeNull()
})
