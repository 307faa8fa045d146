import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backup } from '../../src/commands/backup.ts'
import type { Terminal } from '../../src/commands/command.ts'

const restic = process.env['RESTIC'] ?? 'restic'
let folder: string
let out: string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-drill-'))
  mkdirSync(join(folder, 'data'))
  mkdirSync(join(folder, 'scratch'))
  writeFileSync(join(folder, 'data', 'one'), 'the first file')
  writeSecret('password', 'correct-horse-Battery-9')
  writeSecret(
    'nightshift.yaml',
    `host: web-1
timezone: UTC
backup:
  password_file: password
  destinations:
    disk: { kind: local, path: ${folder}/disk }
  verify: { scratch_dir: ${folder}/scratch }
  jobs:
    files: { source: { kind: directory, paths: [${folder}/data] } }
    other: { source: { kind: directory, paths: [${folder}/data] } }
  plan:
    tiers: { high: { jobs: [files], rto: 30m, rpo: 24h }, low: { jobs: [other] } }
    scenarios: { hardware: { tiers: [high, low], rto: 4h } }
`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function writeSecret(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), 0o600)
}

/** Calls it as main.ts does; gives the exit code. */
async function call(...args: string[]): Promise<number> {
  out = []
  const print = (text: string): void => void out.push(text)
  const terminal: Terminal = { env: {}, cwd: folder, isTty: false, columns: 100, out: print, err: print }
  return await backup.run([...args, '--local'], terminal)
}

test('what was never backed up is not proven, what was is, and one flipped byte is found', async () => {
  const terminal: Terminal = { env: {}, cwd: folder, isTty: false, columns: 100, out: () => undefined, err: () => undefined }
  expect(await backup.run(['init'], terminal)).toBe(0)
  expect(await call('run', 'files')).toBe(0)
  expect(await call('drill')).toBe(1)
  expect(out[0]).toMatch(/^JOB {4,}VERDICT/)
  expect(out[1]).toMatch(/^files +proven +[0-9a-f]{8} +disk/)
  expect(out[2]).toMatch(/^other +FAILED/)
  expect(out[3]).toContain('other: ')

  expect(await call('run', 'other')).toBe(0)
  expect(await call('drill', 'files', 'other')).toBe(0)
  expect(await call('drill', '--plan')).toBe(0)
  expect(out.slice(1).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
    ['high', 'files'],
    ['low', 'other'],
    ['-', 'hardware'],
  ])
  expect(readdirSync(join(folder, 'scratch'))).toEqual([])
  expect(await call('list')).toBe(0)

  expect(await call('verify')).toBe(0)
  expect(out[1]).toMatch(/^disk +whole +V1/)
  const data = join(folder, 'disk', 'data')
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((each) => each.length > 60)) {
    const bytes = readFileSync(join(data, name))
    bytes[5] = (bytes[5] ?? 0) ^ 1
    chmodSync(join(data, name), 0o600)
    writeFileSync(join(data, name), bytes)
  }
  expect(await call('verify', '--whole')).toBe(1)
  expect(out[1]).toMatch(/^disk +DAMAGED +V3/)
  expect(await call('drill', 'files', '--json')).toBe(1)
  expect(JSON.parse(out[0] ?? '')).toMatchObject([{ job: 'files', error: expect.any(String) }])
}, 90_000)

test('a call that makes no sense is refused with the usage', async () => {
  await expect(call('drill', 'files', '--plan')).rejects.toMatchObject({ code: 'usage' })
  await expect(call('drill', '--snapshot', 'abc')).rejects.toMatchObject({ code: 'usage' })
  await expect(call('drill', 'nothing')).rejects.toMatchObject({ code: 'no_such_job' })
})

const hasRestic = works(restic)
if (!hasRestic) process.stdout.write('skipped: restic reads what it is asked to verify: no restic on PATH\n')
test.skipIf(!hasRestic)('restic reads all of it too when it is asked for, and names what it finds', async () => {
  rmSync(join(folder, 'disk'), { recursive: true })
  const terminal: Terminal = { env: {}, cwd: folder, isTty: false, columns: 100, out: () => undefined, err: () => undefined }
  await backup.run(['init'], terminal)
  await call('run', 'files')
  expect(await call('verify', '--restic')).toBe(0)
  rmSync(join(folder, 'disk', 'snapshots'), { recursive: true })
  mkdirSync(join(folder, 'disk', 'snapshots'))
  writeFileSync(join(folder, 'disk', 'snapshots', 'a'.repeat(64)), 'no snapshot')
  expect(await call('verify', '--restic')).toBe(1)
  expect(out.join('\n')).toMatch(/restic.*ended with exit code 1/)
})

function works(program: string): boolean {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
