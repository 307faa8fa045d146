import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NatsConnection } from '@nats-io/transport-node'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { repositoryRoot } from '@nightshift/cli/repository'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { parseEvent } from '@nightshift/shared/events/parse'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, startUp } from './stories/up-process.ts'

const run = promisify(execFile)
let folder: string
let connection: NatsConnection | undefined
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'nightshift-restore-story-'))))
afterEach(async () => {
  await connection?.close()
  connection = undefined
  await endAll([folder])
  rmSync(folder, { recursive: true, force: true })
})

/** The command line, as a person types it. */
async function nightshift(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  return await run(process.execPath, [main, 'backup', ...args, '--data', folder], { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

test('a folder that was spoilt comes back in place, what was live is kept, and changes are noticed as before', async () => {
  const weights = join(folder, 'srv', 'weights.bin')
  mkdirSync(join(folder, 'srv'))
  writeFileSync(weights, Buffer.alloc(3_000_000, 'weights'))
  writeFileSync(join(folder, 'password'), 'correct-horse-Battery-9', { mode: 0o600 })
  const config = `host: web-1
alerter: { default_rules: false }
backup:
  password_file: ${folder}/password
  destinations:
    disk: { kind: local, path: ${folder}/repository }
  jobs:
    models:
      source: { kind: directory, paths: [${folder}/srv] }
      on_change: { debounce: 500ms }
      rto: 5m
      restore:
        before: [{ run: [touch, ${folder}/stopped] }]
        health: { run: [grep, -q, weights, ${weights}], timeout: 5s }
`
  writeFileSync(join(folder, 'nightshift.yaml'), config, { mode: 0o600 })
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  await run(process.execPath, [main, 'backup', 'init'], { cwd: folder })
  const up = await startUp(folder)
  connection = await connectUrl(up.run.nats_url)
  const events: BackupEvent[] = []
  connection.subscribe('ops.backup.web-1.models.*', {
    callback: (_, message) => {
      const received = parseEvent(message.subject, message.data)
      if (received.kind === 'backup') events.push(received.event)
    },
  })
  const changes = (): number => events.filter(({ phase, trigger }) => phase === 'completed' && trigger === 'change').length
  expect((await nightshift('run', 'models')).code).toBe(0)
  const [good] = JSON.parse((await nightshift('list', 'models', '--json')).stdout) as { snapshot: string }[]
  writeFileSync(weights, 'spoilt')
  await vi.waitFor(() => expect(changes()).toBe(1), 20_000)

  const choice = ['models', '--snapshot', good?.snapshot ?? '', '--in-place']
  const plan = await nightshift('restore', ...choice, '--dry-run')
  expect(plan.stdout).toContain('1 changed since, 0 added since, 0 come back')
  const refused = await nightshift('restore', ...choice)
  expect([refused.code, readFileSync(weights, 'utf8')]).toEqual([1, 'spoilt'])
  const restored = await nightshift('restore', ...choice, '--yes')
  expect(restored.stderr).toBe('')
  expect(restored.stdout).toContain('is restored: 1 files, 2.9 MiB, 1 checked')
  expect(readFileSync(weights).length).toBe(3_000_000)
  const [kept = ''] = readdirSync(folder).filter((name) => name.startsWith('srv.bak.'))
  expect(readFileSync(join(folder, kept, 'weights.bin'), 'utf8')).toBe('spoilt')
  await vi.waitFor(() => expect(events.map(({ phase }) => phase)).toContain('restored'), 10_000)
  expect(events.find(({ phase }) => phase === 'restored')).toMatchObject({ snapshot: good?.snapshot, rto_met: true, error: null })

  writeFileSync(join(folder, 'srv', 'new.bin'), 'new')
  await vi.waitFor(() => expect(changes()).toBe(2), 20_000)
  expect((await up.end('SIGINT')).code).toBe(0)
})
