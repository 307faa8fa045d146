import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { callBackup } from './call-backup.ts'

let folder: string
let server: NatsServer
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-bus-'))
  server = await startNats()
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'one'), 'one')
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

function configure(bucket: string, maxBytes: string): void {
  writeFileSync(
    join(folder, 'nightshift.yaml'),
    `host: web-1
backup:
  password: correct-horse-Battery-9
  destinations: { bus: { kind: nats, bucket: ${bucket}, max_bytes: ${maxBytes} } }
  jobs: { files: { source: { kind: directory, paths: [${folder}/data] } } }
`,
    { mode: 0o600 },
  )
}

test('init makes the object store on the bus that is named, and the other commands work with it', async () => {
  configure('backup_web-1', '64MiB')
  const bus = ['--nats', server.url]
  const made = await callBackup(folder, 'init', ...bus)
  expect(made.out[0]).toBe('bus: made, object store backup_web-1')
  expect(made.out.join('\n')).toContain('nightshift backup serve --to bus')
  expect((await callBackup(folder, 'run', 'files', '--local', ...bus)).code).toBe(0)
  expect((await callBackup(folder, 'check', '--read-data', ...bus)).out[0]).toMatch(/^bus: no errors: 1 snapshots/)
})

test('a broker without the room to set aside is named with what to lower, and nothing is made', async () => {
  configure('backup_large', '1024TiB')
  await expect(callBackup(folder, 'init', '--nats', server.url)).rejects.toMatchObject({
    code: 'no_room',
    message: expect.stringContaining('lower max_bytes of this destination'),
  })
})

test('a data folder that is named and on which nothing runs is said, not passed over', async () => {
  configure('backup_web-1', '64MiB')
  await expect(callBackup(folder, 'check', '--data', folder)).rejects.toMatchObject({ code: 'not_running' })
})
