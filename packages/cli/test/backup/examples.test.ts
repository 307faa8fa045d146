import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { backupConfigSchema } from '@nightshift/backup/config'
import { backupName } from '@nightshift/backup/jobs/snapshot-name'
import { nextSlot } from '@nightshift/backup/jobs/schedule'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { checkConfig } from '../../src/commands/check-config.ts'

const folder = fileURLToPath(new URL('../../../../examples/backup/', import.meta.url))
const env = {
  BACKUP_PASSWORD: 'correct-horse-Battery-9',
  DATABASE_URL: 'postgres://app@127.0.0.1/app',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
}
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const days = { minute: 60_000, day: 86_400_000 }

async function jobsOf(name: string) {
  const loaded = await loadConfig({ file: `${folder}${name}.yaml`, env, sections: { backup: backupConfigSchema }, run: ['backup'] })
  if (!loaded.ok) throw new Error(`${name} is not good`)
  return loaded.sections.backup
}

/** When a job goes next after a Thursday noon in Seoul. */
async function slots(name: string): Promise<Record<string, string>> {
  const afterMs = Date.parse('2026-10-01T12:00:00+09:00')
  const local = (ms: number): string => new Date(ms + 9 * 60 * days.minute).toISOString().slice(0, 16)
  return Object.fromEntries(
    Object.entries((await jobsOf(name)).jobs).map(([job, { schedule }]) => [
      job,
      local(nextSlot({ crons: schedule ?? [], timezone: 'Asia/Seoul' }, afterMs) ?? 0),
    ]),
  )
}

test.each(files)('%s is good, without a warning', async (file) => {
  const said: string[] = []
  const terminal = { env, cwd: folder, isTty: false, columns: 100, out: (text: string) => void said.push(text), err: () => undefined }
  expect(await checkConfig.run([`${folder}${file}`, '--for', 'backup'], terminal)).toBe(0)
  expect(said).toEqual([`${folder}${file} is good`])
})

test('each keeps the hours and the times that its users wrote down', async () => {
  expect(await slots('course')).toEqual({ db: '2026-10-02T00:00', logs: '2026-10-02T00:00' })
  expect(await slots('posture')).toEqual({
    db: '2026-10-02T02:00',
    models: '2026-10-04T03:00',
    config: '2026-10-02T04:00',
    'log-archive': '2026-11-01T05:00',
  })
  expect(await slots('data-plan')).toEqual({ db: '2026-10-02T02:00', models: '2026-10-04T03:00', archive: '2026-11-01T04:00' })
  expect(await slots('template-api')).toMatchObject({ vectors: '2026-10-02T02:00', full: '2026-10-04T03:00' })
  const { jobs } = await jobsOf('cctv')
  expect(Object.entries(jobs).map(([job, { on_change: change, keep }]) => [job, change !== undefined, keep])).toEqual([
    ['db', false, { withinMs: 30 * days.day }],
    ['images', true, { withinMs: 90 * days.day }],
    ['models', true, { forever: true }],
    ['config', true, { forever: true }],
    ['logs', true, { withinMs: 90 * days.day }],
  ])
  const plan = await jobsOf('data-plan')
  expect(plan.jobs['db']?.keep).toEqual({ daily: 7, weekly: 4, monthly: 12 })
  expect((await jobsOf('posture')).integrity_schedule).toEqual(['0 4 * * 5'])
})

test('runs are called as their users call them', async () => {
  const atMs = Date.parse('2025-10-21T00:00:00+09:00')
  expect(backupName((await jobsOf('course')).jobs['db']?.name ?? '', atMs, 'Asia/Seoul')).toBe('backup_2025_10_21_0000')
  expect(backupName((await jobsOf('posture')).jobs['db']?.name ?? '', atMs, 'Asia/Seoul')).toBe('db_backup_20251021_000000')
})
