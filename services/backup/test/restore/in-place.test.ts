import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { prepareRestore } from '../../src/restore/prepare-restore.ts'
import { restoreRequestSchema } from '../../src/restore/request.ts'
import { OpenedDestinations } from '../../src/restore/select-snapshot.ts'
import { fingerprint, RestoreScene } from './restore-scene.ts'

let scene: RestoreScene
beforeEach(async () => {
  scene = await RestoreScene.make()
  mkdirSync(scene.path('live', 'models', 'deep'), { recursive: true })
  writeFileSync(scene.path('live', 'models', 'one'), 'one')
  writeFileSync(scene.path('live', 'models', 'deep', 'two'), Buffer.alloc(300_000, 7))
  symlinkSync('one', scene.path('live', 'models', 'link'))
  chmodSync(scene.path('live', 'models', 'one'), 0o640)
  utimesSync(scene.path('live', 'models', 'one'), 1_600_000_000, 1_600_000_000)
})
let mounted: string | undefined
afterEach(() => {
  if (mounted !== undefined) execFileSync('umount', [mounted])
  mounted = undefined
  scene.remove()
})

const job = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  models: { source: { kind: 'directory', paths: [scene.path('live', 'models')] }, ...more },
})
const spoil = (): void => {
  writeFileSync(scene.path('live', 'models', 'one'), 'spoilt')
  writeFileSync(scene.path('live', 'models', 'three'), 'three')
  rmSync(scene.path('live', 'models', 'deep', 'two'))
}

test('without more words it goes beside, verified, and what is live is not touched', async () => {
  const parts = scene.parts(job())
  await scene.backUp('models', parts)
  spoil()
  const now = fingerprint(scene.path('live', 'models'))
  const outcome = await scene.restore({ name: 'models' }, parts)
  expect(outcome).toMatchObject({ outcome: 'done', failure: null })
  const [made = ''] = outcome.members[0]?.restored ?? []
  expect(made).toMatch(/live\/models_restored_\d{8}_\d{6}$/)
  expect(readFileSync(join(made, 'one'), 'utf8')).toBe('one')
  expect(lstatSync(join(made, 'one'))).toMatchObject({ mtimeMs: 1_600_000_000_000 })
  expect(lstatSync(join(made, 'one')).mode & 0o777).toBe(0o640)
  expect(outcome.members[0]).toMatchObject({ files: 2, checked: 2 })
  expect(fingerprint(scene.path('live', 'models'))).toBe(now)
  expect(scene.leftovers()).toEqual([])
})

test('in place: what is live steps aside whole, a safety snapshot is none of the job, and it can be restored', async () => {
  const parts = scene.parts(
    job({ restore: { before: [{ run: ['touch', scene.path('stopped')] }], after: [{ run: ['touch', scene.path('started')] }] } }),
  )
  const first = await scene.backUp('models', parts)
  const good = fingerprint(scene.path('live', 'models'))
  spoil()
  const { plan } = await prepareRestore(restoreRequestSchema.parse({ name: 'models', in_place: true }), parts)
  expect(plan.members[0]?.files_lost).toMatchObject({ changed: 1, added: 1, missing: 1, unchanged: 1, is_complete: true })
  const outcome = await scene.restore({ name: 'models', in_place: true }, parts)
  expect(outcome).toMatchObject({ outcome: 'done', problems: [] })
  expect(fingerprint(scene.path('live', 'models'))).toBe(good)
  const [kept = ''] = outcome.members[0]?.kept ?? []
  expect(kept).toMatch(/models\.bak\.\d{8}_\d{6}$/)
  expect(readFileSync(join(kept, 'one'), 'utf8')).toBe('spoilt')
  expect(existsSync(scene.path('stopped')) && existsSync(scene.path('started'))).toBe(true)

  const opened = new OpenedDestinations(parts.destinations, parts.signal)
  const { repository } = await opened.open('disk')
  expect((await listSnapshots(repository, { job: 'models' })).map(({ id }) => id)).toEqual([first.id])
  await opened.close()
  const again = await scene.restore({ name: 'models', snapshot: outcome.safety[0]?.slice(0, 12), to: scene.path('there') }, parts)
  expect(again.outcome).toBe('done')
  expect(readFileSync(scene.path('there', scene.path('live', 'models', 'three')), 'utf8')).toBe('three')
  expect(scene.leftovers()).toEqual([])
})

test('when it is not well afterwards, what was live is back byte for byte and is started again', async () => {
  const health = { run: ['grep', '-q', 'spoilt', scene.path('live', 'models', 'one')], timeout: '1s' }
  const hook = (word: string) => [{ run: ['sh', '-c', `echo ${word} >> ${scene.path('order')}`] }]
  const parts = scene.parts(job({ restore: { before: hook('stop'), after: hook('start'), health } }))
  await scene.backUp('models', parts)
  spoil()
  const before = fingerprint(scene.path('live'))
  const outcome = await scene.restore({ name: 'models', in_place: true, safety: false }, parts)
  expect(outcome).toMatchObject({ outcome: 'undone', problems: [] })
  expect(outcome.failure).toContain('not well')
  expect(fingerprint(scene.path('live'))).toBe(before)
  expect(readFileSync(scene.path('order'), 'utf8').trim().split('\n')).toEqual(['stop', 'start', 'stop', 'start'])
  expect(scene.leftovers()).toEqual([])
})

test('a hook that fails, a damaged pack and a stop leave everything as it was', async () => {
  const parts = scene.parts(job({ restore: { before: [{ run: ['false'] }] } }))
  await scene.backUp('models', parts)
  spoil()
  const before = fingerprint(scene.path('live'))
  const refused = await scene.restore({ name: 'models', in_place: true, safety: false }, parts)
  expect(refused).toMatchObject({ outcome: 'undone', failure: expect.stringContaining('false ended with exit code 1') })
  expect(fingerprint(scene.path('live'))).toBe(before)

  const stopper = new AbortController()
  const stopped = await scene.restore(
    { name: 'models', in_place: true, safety: false },
    scene.parts(job(), {
      signal: stopper.signal,
      onProgress: ({ step }) => (step.startsWith('swap') ? stopper.abort(new Error('stopped')) : undefined),
    }),
  )
  expect(stopped).toMatchObject({ outcome: 'undone', failure: 'stopped' })
  expect(fingerprint(scene.path('live'))).toBe(before)

  for (const folder of readdirSync(scene.path('disk', 'data')))
    for (const pack of readdirSync(scene.path('disk', 'data', folder))) {
      const file = scene.path('disk', 'data', folder, pack)
      const bytes = readFileSync(file)
      bytes[40] = (bytes[40] ?? 0) ^ 1
      chmodSync(file, 0o600)
      writeFileSync(file, bytes)
    }
  const damaged = await scene
    .restore({ name: 'models', in_place: true, safety: false }, scene.parts(job()))
    .catch((error: unknown) => error)
  expect(damaged instanceof Error || (damaged as { outcome: string }).outcome === 'undone').toBe(true)
  expect(fingerprint(scene.path('live'))).toBe(before)
  expect(scene.leftovers()).toEqual([])
})

test('a part, a time and a folder that is not empty', async () => {
  const parts = scene.parts(job())
  const first = await scene.backUp('models', parts)
  await new Promise((resolve) => setTimeout(resolve, 50))
  writeFileSync(scene.path('live', 'models', 'one'), 'newer')
  await scene.backUp('models', parts)
  spoil()
  const atMs = first.timeMs + 20
  const prepared = await prepareRestore(
    restoreRequestSchema.parse({
      name: 'models',
      at_time: new Date(atMs).toISOString(),
      paths: [scene.path('live', 'models', 'one')],
      in_place: true,
    }),
    parts,
  )
  expect(prepared.plan.members[0]).toMatchObject({ snapshot: first.id, off_seconds: 0.02 })
  await expect(scene.restore({ name: 'models', at_time: '2020-01-01T00:00:00Z' }, parts)).rejects.toMatchObject({ code: 'nothing_before' })
  const outcome = await scene.restore(
    { name: 'models', snapshot: first.id, paths: [scene.path('live', 'models', 'one')], in_place: true },
    parts,
  )
  expect(outcome.outcome).toBe('done')
  expect(readFileSync(scene.path('live', 'models', 'one'), 'utf8')).toBe('one')
  expect(readFileSync(scene.path('live', 'models', 'three'), 'utf8')).toBe('three')
  await expect(scene.restore({ name: 'models', to: scene.path('live') }, parts)).rejects.toMatchObject({ code: 'restore_target_not_empty' })
  await expect(scene.restore({ name: 'models', snapshot: 'ffff' }, parts)).rejects.toMatchObject({ code: 'snapshot_unknown' })
  await expect(scene.restore({ name: 'nothing' }, parts)).rejects.toMatchObject({ code: 'no_such_job' })
})

test('a folder that holds the repository is not moved away', async () => {
  const parts = scene.parts({ all: { source: { kind: 'directory', paths: [scene.folder], exclude: ['/disk/', '/restores/', '/work/'] } } })
  await scene.backUp('all', parts)
  await expect(scene.restore({ name: 'all', in_place: true }, parts)).rejects.toMatchObject({ code: 'restore_over_backup' })
})

test('a mount point stays where it is: what is in it changes places, and back', async ({ skip }) => {
  const mount = scene.path('live', 'mount')
  mkdirSync(mount)
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', mount], { stdio: 'ignore' })
  } catch {
    skip('skipped: nothing can be mounted here')
  }
  mounted = mount
  const parts = (restore: object = {}) => scene.parts({ mount: { source: { kind: 'directory', paths: [mount] }, restore } })
  mkdirSync(join(mount, 'deep'))
  writeFileSync(join(mount, 'deep', 'one'), 'one')
  await scene.backUp('mount', parts())
  rmSync(join(mount, 'deep'), { recursive: true })
  writeFileSync(join(mount, 'since'), 'since')
  const request = { name: 'mount', in_place: true, safety: false }
  expect(await scene.restore(request, parts({ health: { run: ['false'], timeout: '1s' } }))).toMatchObject({
    outcome: 'undone',
    problems: [],
  })
  expect(readdirSync(mount)).toEqual(['since'])
  const outcome = await scene.restore(request, parts())
  expect(outcome).toMatchObject({ outcome: 'done', members: [{ restored: [mount] }] })
  expect(readFileSync(join(mount, 'deep', 'one'), 'utf8')).toBe('one')
  expect(readdirSync(outcome.members[0]?.kept[0] ?? '')).toEqual(['since'])
})
