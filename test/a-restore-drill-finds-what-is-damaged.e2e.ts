import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '@nightshift/cli/repository'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, startUp } from './stories/up-process.ts'

const run = promisify(execFile)
let folder: string
let receiver: Server
let told: string[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-drill-story-'))
  told = []
  receiver = createServer((request, response) => {
    let body = ''
    request
      .on('data', (chunk: Buffer) => (body += chunk.toString()))
      .on('end', () => {
        told.push(body)
        response.end('ok')
      })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
})
afterEach(async () => {
  await endAll([folder])
  receiver.closeAllConnections()
  receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The command line, as a person types it. */
async function backup(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  return await run(process.execPath, [main, 'backup', ...args], { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

function writeConfig(): void {
  const { port } = receiver.address() as AddressInfo
  writeFileSync(join(folder, 'password'), 'correct-horse-Battery-9', { mode: 0o600 })
  const text = `host: web-1
timezone: UTC
alerter:
  channels:
    hook: { kind: webhook, url: "http://127.0.0.1:${port}/" }
backup:
  password_file: ${folder}/password
  destinations:
    disk: { kind: local, path: ${folder}/repository }
  jobs:
    models: { source: { kind: directory, paths: [${folder}/srv] } }
  plan:
    tiers: { high: { jobs: [models], rto: 30m, rpo: 24h } }
    scenarios: { hardware: { tiers: [high], rto: 4h } }
  mirrors:
    images: { path: ${folder}/srv, to: { kind: local, path: ${folder}/mirror } }
`
  writeFileSync(join(folder, 'nightshift.yaml'), text, { mode: 0o600 })
}

function flipBytes(): void {
  const data = join(folder, 'repository', 'data')
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((each) => each.length > 60)) {
    const bytes = readFileSync(join(data, name))
    bytes[10] = (bytes[10] ?? 0) ^ 1
    chmodSync(join(data, name), 0o600)
    writeFileSync(join(data, name), bytes)
  }
}

test('a drill proves what can be restored, and finds what cannot before anybody needs it', async () => {
  mkdirSync(join(folder, 'srv'))
  writeFileSync(join(folder, 'srv', 'weights.bin'), Buffer.alloc(1_000_000, 'weights'))
  writeConfig()
  expect((await backup('init')).code).toBe(0)
  await startUp(folder)
  const over = ['--data', folder]
  expect((await backup('run', 'models', ...over)).code).toBe(0)

  const drilled = await backup('drill', ...over)
  expect(drilled.stdout).toMatch(/^JOB .*\nmodels +proven +[0-9a-f]{8} +disk/)
  expect(drilled.code).toBe(0)
  expect((await backup('list', ...over)).stdout).toMatch(/models +directory.* \d{4}-\d\d-\d\d \d\d:\d\d +disk/)
  const planned = await backup('drill', '--plan', ...over)
  expect(planned.stdout).toMatch(/high +models.* ok\n- +hardware.* ok/)
  expect((await backup('verify', '--whole', ...over)).stdout).toMatch(/disk +whole +V3/)
  expect((await backup('mirrors', ...over)).stdout).toMatch(/images +ok/)
  expect(existsSync(join(folder, 'mirror', 'weights.bin'))).toBe(true)

  flipBytes()
  const failed = await backup('drill', 'models', ...over)
  expect(failed.code).toBe(1)
  expect(failed.stdout).toMatch(/models +FAILED/)
  const damaged = await backup('verify', ...over)
  expect(damaged.code).toBe(1)
  expect(damaged.stdout).toMatch(/disk +DAMAGED +V1/)
  await vi.waitFor(() => expect(told.some((text) => text.includes('backup-drill-failed'))).toBe(true), 20_000)
  await vi.waitFor(() => expect(told.some((text) => text.includes('backup-damaged'))).toBe(true), 20_000)
})
