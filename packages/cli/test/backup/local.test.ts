import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backup } from '../../src/commands/backup.ts'
import type { Terminal } from '../../src/commands/command.ts'

const password = 'correct-horse-Battery-9'
const restic = process.env['RESTIC'] ?? 'restic'
let folder: string
let out: string[]
let err: string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-backup-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'one'), 'the first file')
  writeSecret('password', password)
  writeSecret(
    'nightshift.yaml',
    `host: web-1
timezone: UTC
# Secrets of other services are not needed here.
alerter: { channels: { hook: { kind: webhook, url: "\${NOT_SET_ANYWHERE}" } } }
backup:
  password_file: password
  destinations:
    disk: { kind: local, path: ${folder}/disk }
    second: { kind: local, path: ${folder}/second }
  jobs:
    files: { source: { kind: directory, paths: [${folder}/data] }, schedule: daily }
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
  err = []
  const terminal: Terminal = {
    env: {},
    cwd: folder,
    isTty: false,
    columns: 100,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  }
  return await backup.run(args, terminal)
}

describe('with nothing but the configuration file and the password', () => {
  it('the repositories are made, and the kit says how to restore without us and without the password', async () => {
    expect(await call('init')).toBe(0)
    const text = out.join('\n')
    expect(text).toContain('disk: made')
    expect(text).toContain(`restic -r ${folder}/disk restore latest --tag job=files`)
    expect(text).not.toContain(password)
    expect(await call('init')).toBe(0)
    expect(out[0]).toContain('disk: was there already')
  })

  it('a job goes into all its destinations, and says what it stored', async () => {
    expect(await call('run', 'files', '--local')).toBe(0)
    expect(out.at(-1)).toMatch(/^files: backup_\d{4}_\d\d_\d\d_\d{4} is done: snapshot [0-9a-f]{8}, 14 B, [\d.]+ (B|KiB) new, in /)
    writeFileSync(join(folder, 'data', 'two'), 'the second file')
    expect(await call('run', 'files', '--local', '--json')).toBe(0)
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      job: 'files',
      files_new: 1,
      files_unmodified: 1,
      destinations: [{ error: null }, { error: null }],
    })
  })

  it('snapshots are listed, newest first, and shown', async () => {
    expect(await call('list', '--local', '--to', 'disk', '--json')).toBe(0)
    const rows = JSON.parse(out[0] ?? '') as { snapshot: string; files: number }[]
    expect(rows.map(({ files }) => files)).toEqual([2, 1])
    expect(await call('show', rows[1]?.snapshot.slice(0, 8) ?? '')).toBe(0)
    expect(out.join('\n')).toMatch(/^job {7}files \(directory\)$/m)
    expect(await call('list', 'files', '--local')).toBe(0)
    expect(out[0]).toMatch(/^SNAPSHOT\s+TIME\s+JOB/)
    expect(out).toHaveLength(5)
  })

  it('what is stored is checked whole, and plain restic finds no error in it', async ({ skip }) => {
    expect(await call('check', '--read-data')).toBe(0)
    expect(out).toEqual([expect.stringMatching(/^disk: no errors: 2 snapshots/), expect.stringMatching(/^second: no errors: 2 snapshots/)])
    try {
      execFileSync(restic, ['version'])
    } catch {
      skip('skipped: no restic on PATH or in RESTIC')
    }
    const env = { ...process.env, RESTIC_PASSWORD: password }
    for (const name of ['disk', 'second'])
      expect(execFileSync(restic, ['-r', join(folder, name), '--no-cache', 'check', '--read-data'], { env }).toString()).toContain(
        'no errors were found',
      )
  })

  it('what would be forgotten is said with reasons, and nothing goes', async () => {
    expect(await call('forget', 'files', '--dry-run', '--json')).toBe(0)
    const plan = JSON.parse(out[0] ?? '') as { keep: boolean; reasons: string[] }[]
    expect(plan).toHaveLength(4)
    for (const { keep, reasons } of plan) expect([keep, reasons.length > 0]).toEqual([true, true])
    expect(await call('prune', '--dry-run', '--to', 'disk')).toBe(0)
    expect(out[0]).toBe('disk: nothing to remove now')
    expect(await call('unlock')).toBe(0)
    expect(out).toContain('disk: 0 stale locks removed, 0 held')
  })

  it('passwords are added, rotated and removed, weak ones refused', async () => {
    writeSecret('weak', 'short')
    await expect(call('key', 'add', '--new-password-file', join(folder, 'weak'))).rejects.toMatchObject({ code: 'weak_password' })
    writeSecret('new', 'another-Stable-horse-7')
    expect(await call('key', 'rotate', '--new-password-file', join(folder, 'new'))).toBe(0)
    await expect(call('list', '--local')).rejects.toMatchObject({ code: 'wrong_password' })
    writeSecret('password', 'another-Stable-horse-7')
    expect(await call('key', 'list', '--to', 'disk')).toBe(0)
    expect(out[1]).toMatch(/^disk .* in use$/)
    expect(await call('key', 'add', '--new-password-file', join(folder, 'new'), '--to', 'disk')).toBe(0)
    expect(await call('key', 'list', '--to', 'disk')).toBe(0)
    const other =
      out
        .slice(1)
        .find((line) => !line.endsWith('in use'))
        ?.split(/\s+/)[1] ?? ''
    expect(await call('key', 'remove', other, '--to', 'disk')).toBe(0)
  })

  it('a job, a destination and a word that are not there are named with those that are', async () => {
    await expect(call('run', 'nope', '--local')).rejects.toMatchObject({ message: 'there is no job nope; there are files' })
    await expect(call('check', '--to', 'nope')).rejects.toMatchObject({ message: 'there is no destination nope; there are disk, second' })
    await expect(call('nope')).rejects.toMatchObject({ code: 'usage' })
    await expect(call('jobs')).rejects.toMatchObject({ code: 'not_running' })
  })

  it('a source that is gone leaves exit by an error, and the old snapshots', async () => {
    rmSync(join(folder, 'data'), { recursive: true })
    await expect(call('run', 'files', '--local')).rejects.toThrow(`${folder}/data`)
    expect(await call('list', '--local', '--to', 'disk', '--json')).toBe(0)
    expect(JSON.parse(out[0] ?? '')).toHaveLength(2)
  })
})
