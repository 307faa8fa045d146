import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { recoverRestores } from '../../src/restore/perform-restore.ts'
import { fingerprint, RestoreScene } from './restore-scene.ts'

const script = join(import.meta.dirname, 'restore-process.ts')
let scene: RestoreScene
beforeEach(async () => void (scene = await RestoreScene.make()))
afterEach(() => scene.remove())

/** What people have: without what a restore keeps beside it. */
const live = (): string => {
  for (const name of readdirSync(scene.path('live'))) if (name.includes('.bak.')) rmSync(scene.path('live', name), { recursive: true })
  return fingerprint(scene.path('live'))
}

test('killed right before any of its renames, a restore of two folders in place is finished or taken back at the next start', async () => {
  const jobs = Object.fromEntries(
    ['a', 'b'].map((name) => [
      name,
      { source: { kind: 'directory', paths: [scene.path('live', name)] }, restore: { after: [{ run: ['true'] }], hold_healer: false } },
    ]),
  )
  const sets = { both: { jobs: ['a', 'b'] } }
  const parts = scene.parts(jobs, { sets })
  for (const name of ['a', 'b']) {
    mkdirSync(scene.path('live', name))
    writeFileSync(scene.path('live', name, 'file'), `${name} then`)
    await scene.backUp(name, parts)
  }
  const then = live()
  for (const name of ['a', 'b']) writeFileSync(scene.path('live', name, 'file'), `${name} now`)
  const now = live()
  cpSync(scene.path('live'), scene.path('copy'), { recursive: true, preserveTimestamps: true })
  const seen = { kills: 0, finished: 0, takenBack: 0 }
  for (let nth = 1; nth < 60; nth++) {
    rmSync(scene.path('live'), { recursive: true })
    cpSync(scene.path('copy'), scene.path('live'), { recursive: true, preserveTimestamps: true })
    const request = JSON.stringify({ name: 'both', in_place: true, safety: false, sets })
    const child = spawnSync(process.execPath, [script, scene.folder, String(nth), JSON.stringify(jobs), request], { encoding: 'utf8' })
    if (child.signal !== 'SIGKILL') {
      expect(child.stderr).toBe('')
      expect(JSON.parse(child.stdout)).toMatchObject({ outcome: 'done', failure: null })
      expect(live()).toBe(then)
      break
    }
    seen.kills++
    const outcomes = await recoverRestores(parts)
    for (const { outcome, problems } of outcomes) {
      expect(['done', 'undone']).toContain(outcome)
      expect(problems).toEqual([])
    }
    const state = live()
    if (state === then) seen.finished++
    else {
      expect(state).toBe(now)
      seen.takenBack++
    }
    expect(scene.leftovers().filter((name) => !name.endsWith('.tmp'))).toEqual([])
  }
  process.stdout.write(`killed ${seen.kills} times: ${seen.finished} finished, ${seen.takenBack} taken back\n`)
  expect(seen.kills).toBeGreaterThan(10)
  expect(seen.finished).toBeGreaterThan(0)
  expect(seen.takenBack).toBeGreaterThan(0)
}, 180_000)
