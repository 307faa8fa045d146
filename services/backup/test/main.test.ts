import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { check } from '../src/check/check.ts'
import { LocalStore } from '../src/destinations/local-store.ts'
import { Repository } from '../src/repository/repository.ts'
import { BackupRig, host, password } from './backup-rig.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let rig: BackupRig
let process_: ChildProcess | undefined
beforeEach(async () => {
  rig = await BackupRig.start()
  await rig.makeRepository('disk')
})
afterEach(async () => {
  process_?.kill('SIGKILL')
  await rig.stop()
})

/** The service as units and images start it. */
function start(config: string): ChildProcess {
  process_ = spawn(process.execPath, [main, '--config', config], { stdio: 'ignore', cwd: rig.folder })
  return process_
}

test('a process that is killed in the middle of a run leaves a whole repository, and the next one finishes the work', async () => {
  for (let n = 0; n < 4; n++) writeFileSync(join(rig.data, `f${n}`), Buffer.alloc(4_000_000, `${n}-${Math.random()}`))
  const config = join(rig.folder, 'nightshift.yaml')
  const text = {
    host,
    timezone: 'UTC',
    state_dir: rig.stateDir,
    nats: { servers: [rig.server.url] },
    http: { port: 0 },
    backup: {
      ...rig.config({
        schedule: 'daily',
        bandwidth: '500kB',
        source: { kind: 'command', argv: ['sh', '-c', `cat '${rig.data}'/*; head -c 3000000 /dev/urandom; sleep 1`], file_name: 'all' },
        retry: { attempts: 3, backoff: ['100ms'] },
      }),
    },
  }
  writeFileSync(config, JSON.stringify(text), { mode: 0o600 })
  const first = start(config)
  await vi.waitFor(async () => await rig.ask('run', { job: 'files' }), { timeout: 20_000, interval: 200 })
  await vi.waitFor(() => expect(rig.phases()).toContain('started'), 10_000)
  await sleep(800)
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect(rig.phases()).toEqual(['started'])
  start(config)
  await vi.waitFor(() => expect(rig.phases()).toContain('completed'), 60_000)
  expect(rig.phases().slice(0, 3)).toEqual(['started', 'failed', 'started'])
  expect(rig.events()[1]?.error).toContain('ended in the middle')

  const store = new LocalStore(rig.repositoryFolder('disk'))
  const repository = await Repository.open(store, { password })
  const report = await check(repository, { readData: true })
  expect(report).toMatchObject({ passed: true, errorCount: 0 })
  expect(report.checked.snapshots).toBe(1)
  await repository.close()
  await store.close()
}, 120_000)
