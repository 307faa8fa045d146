import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NatsConnection } from '@nats-io/transport-node'
import { LocalStore } from '@nightshift/backup/destinations/local-store'
import { Repository } from '@nightshift/backup/repository/repository'
import { restoreTree } from '@nightshift/backup/restore/tree/restore-tree'
import { loadSnapshot } from '@nightshift/backup/snapshot/snapshot'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { repositoryRoot } from '@nightshift/cli/repository'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { parseEvent } from '@nightshift/shared/events/parse'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, startUp } from './stories/up-process.ts'

const run = promisify(execFile)
const password = 'correct-horse-Battery-9'
let folder: string
let slack: Server
let said: string[]
let connection: NatsConnection | undefined
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-backup-story-'))
  said = []
  slack = createServer((request, response) => {
    let body = ''
    request
      .on('data', (chunk: Buffer) => (body += chunk.toString()))
      .on('end', () => {
        said.push((JSON.parse(body) as { text: string }).text)
        response.end('ok')
      })
  }).listen(0, '127.0.0.1')
  await once(slack, 'listening')
})
afterEach(async () => {
  await connection?.close()
  connection = undefined
  await endAll([folder])
  slack.closeAllConnections()
  slack.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The command line, as a person types it. */
async function nightshift(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  return await run(process.execPath, [main, ...args], { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

function writeTree(): void {
  const data = join(folder, 'srv')
  mkdirSync(join(data, 'models', 'deep'), { recursive: true })
  writeFileSync(join(data, 'models', 'weights.bin'), Buffer.alloc(3_000_000, 'weights'))
  writeFileSync(join(data, 'models', 'deep', 'naïve name\n.txt'), 'odd', { mode: 0o640 })
  symlinkSync('weights.bin', join(data, 'models', 'latest'))
}

async function restoreLatest(to: string): Promise<void> {
  const store = new LocalStore(join(folder, 'repository'))
  const repository = await Repository.open(store, { password })
  await repository.loadIndex()
  const snapshot = await loadSnapshot(repository, 'latest')
  const result = await restoreTree(repository, snapshot, {
    to,
    verify: true,
    signal: AbortSignal.timeout(60_000),
    onProgress: () => undefined,
  })
  expect(result.problems).toEqual([])
  await repository.close()
  await store.close()
}

test('a folder is backed up on request and on change, people are told in their language, and it comes back as it was', async () => {
  writeTree()
  writeFileSync(join(folder, 'password'), password, { mode: 0o600 })
  const { port } = slack.address() as AddressInfo
  writeFileSync(
    join(folder, 'nightshift.yaml'),
    `host: web-1
locale: ko
timezone: Asia/Seoul
alerter:
  default_rules: false
  rules:
    backup-broken: { event: backup.failed, severity: critical }
  channels:
    team: { kind: slack, webhook_url: "http://127.0.0.1:${port}/" }
backup:
  password_file: ${folder}/password
  destinations:
    disk: { kind: local, path: ${folder}/repository }
  jobs:
    models: { source: { kind: directory, paths: [${folder}/srv] }, schedule: "0 2 * * *", rpo: 24h, on_change: { debounce: 500ms } }
    broken: { source: { kind: directory, paths: [${folder}/nowhere] } }
`,
    { mode: 0o600 },
  )
  const made = await nightshift('backup', 'init')
  expect(made.stdout).toContain('disk: made')
  const up = await startUp(folder)
  connection = await connectUrl(up.run.nats_url)
  const events: BackupEvent[] = []
  connection.subscribe('ops.backup.>', {
    callback: (_, message) => {
      const received = parseEvent(message.subject, message.data)
      if (received.kind === 'backup') events.push(received.event)
    },
  })
  let due: string | undefined
  connection.subscribe('ops.agent.web-1.backup', {
    callback: (_, message) => void (due = message.json<{ next_due?: Record<string, string> }>().next_due?.['models']),
  })

  const done = await nightshift('backup', 'run', 'models', '--data', folder)
  expect(done.stderr).toBe('')
  expect(done.stdout).toMatch(/^models: backup_\d{4}_\d\d_\d\d_\d{4} is done: snapshot [0-9a-f]{8}, 2\.9 MiB/)
  const name = /backup_[0-9_]+/.exec(done.stdout)?.[0] ?? ''
  await vi.waitFor(() => expect(said).toContain(`🗄️ 백업 완료: \`${name}\``), 10_000)

  writeFileSync(join(folder, 'srv', 'models', 'new.bin'), 'new')
  await vi.waitFor(
    () => expect(events.filter(({ phase }) => phase === 'completed').map(({ trigger }) => trigger)).toEqual(['request', 'change']),
    20_000,
  )
  expect(said.filter((text) => text.startsWith('🗄️'))).toHaveLength(1)

  const failed = await nightshift('backup', 'run', 'broken', '--data', folder)
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain(`${folder}/nowhere`)
  await vi.waitFor(() => expect(said.some((text) => text.includes('backup-broken'))).toBe(true), 10_000)

  const jobs = await nightshift('backup', 'jobs', '--data', folder)
  expect(jobs.code).toBe(1)
  expect(jobs.stdout).toMatch(/^models +ok /m)
  expect(jobs.stdout).toMatch(/^broken +failing /m)
  const listed = await nightshift('backup', 'list', 'models', '--data', folder, '--json')
  expect(JSON.parse(listed.stdout)).toHaveLength(2)
  await vi.waitFor(() => expect(due).toMatch(/T17:00:00\.000Z$/), 15_000)
  expect((await up.end('SIGINT')).code).toBe(0)

  const restored = join(folder, 'restored')
  await restoreLatest(restored)
  await run('diff', ['-r', '--no-dereference', join(folder, 'srv'), join(restored, folder, 'srv')])
  expect(readFileSync(join(restored, folder, 'srv', 'models', 'new.bin'), 'utf8')).toBe('new')
})
