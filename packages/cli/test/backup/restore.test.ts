import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backup } from '../../src/commands/backup.ts'
import type { Terminal } from '../../src/commands/command.ts'

let folder: string
let out: string[]
let err: string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-cli-restore-'))
  mkdirSync(join(folder, 'srv', 'models'), { recursive: true })
  writeFileSync(join(folder, 'srv', 'models', 'one'), 'one')
  writeFileSync(join(folder, 'srv', 'models', '.env'), 'TOKEN=x')
  const files = {
    password: 'correct-horse-Battery-9',
    'nightshift.yaml': `host: web-1
timezone: UTC
backup:
  password_file: password
  destinations:
    disk: { kind: local, path: ${folder}/disk }
  jobs:
    models:
      source: { kind: directory, paths: [${folder}/srv/models] }
      restore: { health: { run: [test, "!", -e, ${folder}/unwell], timeout: 1s } }
`,
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o600)
  }
  await call('init')
  await call('run', 'models', '--local')
  writeFileSync(join(folder, 'srv', 'models', 'one'), 'spoilt')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Calls it as main.ts does; gives the exit code. */
async function call(...args: string[]): Promise<number> {
  out = []
  err = []
  const terminal: Terminal = {
    env: { NIGHTSHIFT_DATA: join(folder, 'state') },
    cwd: folder,
    isTty: false,
    columns: 100,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  }
  return await backup.run(args, terminal)
}

const now = (): string => readFileSync(join(folder, 'srv', 'models', 'one'), 'utf8')

describe('with nothing but the configuration file and the password', () => {
  it('a dry run says what would be done and lost, and changes nothing', async () => {
    expect(await call('restore', 'models', '--local', '--in-place', '--dry-run')).toBe(0)
    const text = out.join('\n')
    expect(text).toMatch(/models: snapshot [0-9a-f]{8} of \d{4}-\d\d-\d\d \d\d:\d\d, .* old, in disk/)
    expect(text).toContain('1 changed since, 0 added since, 0 come back')
    expect(text).toContain(`now otherwise: ${folder}/srv/models/one`)
    expect(text).toContain('if not, put everything back as it was')
    expect(now()).toBe('spoilt')
  })

  it('nobody there to be asked: nothing in place is changed without --yes', async () => {
    expect(await call('restore', 'models', '--local', '--in-place')).toBe(1)
    expect(err.join('\n')).toContain('--yes does it')
    expect(now()).toBe('spoilt')
  })

  it('one that is not well afterwards is taken back, and answers 1', async () => {
    writeFileSync(join(folder, 'unwell'), '')
    expect(await call('restore', 'models', '--local', '--in-place', '--no-safety', '--yes')).toBe(1)
    expect(err.join('\n')).toContain('all is as it was before')
    expect(now()).toBe('spoilt')
    rmSync(join(folder, 'unwell'))
  })

  it('in place it comes back, and what was live is kept beside and in a safety snapshot', async () => {
    expect(await call('restore', 'models', '--local', '--in-place', '--yes', '--json')).toBe(0)
    const outcome = JSON.parse(out.at(-1) ?? '') as { members: { kept: string[] }[]; safety: string[] }
    expect(now()).toBe('one')
    expect(readFileSync(join(outcome.members[0]?.kept[0] ?? '', 'one'), 'utf8')).toBe('spoilt')
    expect(outcome.safety).toHaveLength(1)
    expect(await call('restore', 'models', '--local', '--to', 'there')).toBe(0)
    expect(readFileSync(join(folder, 'there', folder, 'srv', 'models', 'one'), 'utf8')).toBe('one')
  })

  it('a snapshot is exported without secrets, and one that may not go is not deleted', async () => {
    expect(await call('export', 'latest', '--to', 'out.zip')).toBe(0)
    expect(out.join('\n')).toContain(`left out: ${folder}/srv/models/.env`)
    expect(existsSync(join(folder, 'out.zip'))).toBe(true)
    await call('list', '--local', '--json')
    const [snapshot] = (JSON.parse(out[0] ?? '') as { snapshot: string; job: string | null }[]).filter(({ job }) => job === 'models')
    await expect(call('delete', snapshot?.snapshot ?? '', '--yes')).rejects.toMatchObject({ code: 'last_snapshot' })
    await call('run', 'models', '--local')
    await expect(call('delete', snapshot?.snapshot ?? '', '--yes')).rejects.toMatchObject({ code: 'snapshot_too_new' })
    expect(await call('delete', snapshot?.snapshot ?? '', '--yes', '--even-last')).toBe(0)
    expect(out[0]).toMatch(/^deleted [0-9a-f]{8} of models/)
  })

  it('what cannot be meant is said with how to call it', async () => {
    await expect(call('restore', 'nope', '--local')).rejects.toMatchObject({ code: 'no_such_job' })
    await expect(call('restore', 'models', '--local', '--to', 'x', '--in-place')).rejects.toMatchObject({ code: 'usage' })
    await expect(call('restore', 'models', '--local', '--where', 'id = 1', '--in-place')).rejects.toMatchObject({ code: 'usage' })
    await expect(call('restore', 'models', '--local', '--at', 'yesterday')).rejects.toMatchObject({ code: 'usage' })
  })
})
