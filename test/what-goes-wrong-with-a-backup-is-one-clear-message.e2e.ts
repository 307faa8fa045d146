import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LocalStore } from '@nightshift/backup/destinations/local-store'
import { acquireLock } from '@nightshift/backup/lock/repository-lock'
import { Repository } from '@nightshift/backup/repository/repository'
import { repositoryRoot } from '@nightshift/cli/repository'
import { systemClock } from '@nightshift/shared/clock'
import { startNats } from '@nightshift/test-servers/nats'
import { s3Obstacle, startS3 } from '@nightshift/test-servers/s3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endAll, startUp } from './stories/up-process.ts'

const run = promisify(execFile)
const main = join(repositoryRoot, 'packages/cli/src/main.ts')
const password = 'correct-horse-Battery-9'
const secretKey = 'Very-5ecret-key-of-S3'
const isRoot = process.getuid?.() === 0
const nobody = 65_534

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-backup-wrong-'))
  mkdirSync(join(folder, 'srv', 'deep'), { recursive: true })
  writeFileSync(join(folder, 'srv', 'weights.bin'), Buffer.alloc(300_000, 'weights'))
  writeFileSync(join(folder, 'srv', 'deep', 'notes.txt'), 'notes')
  writeFileSync(join(folder, 'password'), password, { mode: 0o600 })
})
afterEach(async () => {
  await endAll([folder])
  rmSync(folder, { recursive: true, force: true })
})

const disk = (): string => `disk: { kind: local, path: ${folder}/repository }`
const models = (): string => `models: { source: { kind: directory, paths: [${folder}/srv] }, retry: { attempts: 1 } }`

function configure(options: { destinations?: string; jobs?: string; rest?: string; backup?: string } = {}): void {
  const { destinations = disk(), jobs = models(), rest = '', backup = `  password_file: ${folder}/password\n` } = options
  const text = `host: web-1\n${rest}backup:\n${backup}  destinations:\n    ${destinations}\n  jobs:\n    ${jobs}\n`
  writeFileSync(join(folder, 'nightshift.yaml'), text, { mode: 0o600 })
}

/** The command line, as a person types it. */
async function nightshift(args: readonly string[], as: { uid?: number; env?: Record<string, string> } = {}): Promise<Said> {
  const { uid, env = {} } = as
  const options = { cwd: folder, env: { ...process.env, ...env }, ...(uid === undefined ? {} : { uid, gid: uid }), timeout: 120_000 }
  return await run(process.execPath, [main, 'backup', ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Said) => error,
  )
}

const runLocal = async (...more: string[]): Promise<Said> => await nightshift(['run', 'models', '--local', '--lock-wait', '1s', ...more])

async function oneSnapshot(): Promise<void> {
  expect(await nightshift(['init'])).toMatchObject({ code: 0, stderr: '' })
  expect(await runLocal()).toMatchObject({ code: 0, stderr: '' })
}

/** One message that says where, what and how to mend it; no stack, no secret, nothing said twice. */
function expectOneMessage(said: Said, code: number, ...parts: (string | RegExp)[]): void {
  const { stderr, stdout } = said
  expect({ code: said.code, lines: stderr.trimEnd().split('\n') }).toEqual({ code, lines: [expect.any(String)] })
  for (const part of parts) expect(stderr).toMatch(part)
  expectClean(said)
  const pieces = stderr.split(/[:;] /).filter((piece) => piece.length > 20)
  expect(pieces).toEqual([...new Set(pieces)])
  expect(stdout).not.toContain('is done')
}

function expectClean({ stderr, stdout }: Said): void {
  const all = stdout + stderr
  expect(all).not.toMatch(/^\s+at .*\.[jt]s:\d+:\d+\)?$/m)
  expect(all).not.toMatch(/node:internal|UnhandledPromise|\[object/)
  for (const secret of [password, secretKey]) expect(all).not.toContain(secret)
}

/** The old snapshots are listed, and everything that is stored is read. */
async function expectKept(count = 1, ...flags: string[]): Promise<void> {
  const listed = await nightshift(['list', '--local', '--json', ...flags])
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(listed.stdout)).toHaveLength(count)
  const checked = await nightshift(['check', '--read-data', ...flags])
  expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('no errors') })
}

function skip(why: string): void {
  process.stderr.write(`skipped: ${why}\n`)
}

test('a wrong password is said, whoever asks, and changes nothing', async () => {
  configure()
  await oneSnapshot()
  writeFileSync(join(folder, 'password'), 'another-horse-Battery-7')
  for (const said of [await runLocal(), await nightshift(['list', '--local']), await nightshift(['check']), await nightshift(['init'])]) {
    expectOneMessage(said, 1, /the password fits none of the 1 keys of folder .*repository: check password_file/)
    expect(said.stderr).not.toContain('another-horse-Battery-7')
  }
  writeFileSync(join(folder, 'password'), password)
  await expectKept()
})

test('the lock of another host is respected, named, and left where it is', async () => {
  configure()
  await oneSnapshot()
  const repository = await Repository.open(new LocalStore(join(folder, 'repository')), { password })
  const options = { hostname: 'db-7', username: 'ana', pid: 4711, clock: systemClock, times: { everyMs: 3_600_000 } }
  const lock = await acquireLock(repository, { ...options, exclusive: true })
  expectOneMessage(await runLocal(), 1, /is locked for maintenance by ana@db-7 \(process 4711\), seen alive at \S+; try again when/)
  expect(readdirSync(join(folder, 'repository', 'locks'))).toHaveLength(1)
  await lock.release()
  await repository.close()
  await expectKept()
  expect(await runLocal()).toMatchObject({ code: 0, stderr: '' })
  await expectKept(2)
})

test('a full disk ends the run, and what was there stays, can be read, and makes room again', async () => {
  if (!isRoot) return skip('a full disk needs root for a small tmpfs')
  const mount = join(folder, 'small')
  mkdirSync(mount)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount], { stdio: 'ignore' })
  } catch {
    return skip('a full disk: tmpfs cannot be mounted here')
  }
  try {
    configure({ destinations: `disk: { kind: local, path: ${mount}/repository }` })
    await oneSnapshot()
    const random = execFileSync('head', ['-c', '40000000', '/dev/urandom'], { maxBuffer: 41_000_000 })
    writeFileSync(join(folder, 'srv', 'large.bin'), random)
    expectOneMessage(
      await runLocal(),
      1,
      /folder .*small\/repository: the disk or the quota is full; make room, or shorten `keep:` and prune/,
    )
    await expectKept()
    rmSync(join(folder, 'srv', 'large.bin'))
    expect(await runLocal()).toMatchObject({ code: 0, stderr: '' })
    await expectKept(2)
    expect(readdirSync(join(mount, 'repository', 'locks'))).toEqual([])
  } finally {
    execFileSync('umount', [mount])
  }
})

test('a source that vanished, or is an empty place where a disk was, is no backup', async () => {
  configure()
  await oneSnapshot()
  renameSync(join(folder, 'srv'), join(folder, 'away'))
  expectOneMessage(await runLocal(), 1, /srv cannot be backed up; is it mounted, and may this user read it\?/)
  mkdirSync(join(folder, 'srv'))
  expectOneMessage(await runLocal(), 1, /srv holds nothing that can be read, and did at the last backup: is its disk mounted\?/)
  await expectKept()
  expect(await runLocal('--accept-smaller')).toMatchObject({ code: 0 })
  expect(await runLocal()).toMatchObject({ code: 0 })
})

test('a destination that is not mounted is not taken for a new one', async () => {
  configure()
  await oneSnapshot()
  renameSync(join(folder, 'repository'), join(folder, 'unmounted'))
  const notThere = /folder .*repository.*(is its disk mounted|that the disk is mounted)/
  expectOneMessage(await runLocal(), 1, notThere)
  mkdirSync(join(folder, 'repository'))
  expectOneMessage(await runLocal(), 1, notThere)
  expectOneMessage(await nightshift(['list', '--local']), 1, notThere)
  expect(readdirSync(join(folder, 'repository'))).toEqual([])
  rmSync(join(folder, 'repository'), { recursive: true })
  renameSync(join(folder, 'unmounted'), join(folder, 'repository'))
  await expectKept()
})

test('what the user of the backup may not read is named and counts, and a destination that he may not write is said', async () => {
  if (!isRoot) return skip('denied permissions need root, to run the command as another user')
  chmodSync(folder, 0o755)
  configure()
  for (const path of ['nightshift.yaml', 'password']) chownSync(join(folder, path), nobody, nobody)
  mkdirSync(join(folder, 'repository'))
  chownSync(join(folder, 'repository'), nobody, nobody)
  const as = { uid: nobody, env: { HOME: folder } }
  const { code } = await nightshift(['--help'], as)
  if (code !== 0) return skip('no other user may run this Node and read these sources')
  const command = ['run', 'models', '--local']
  expect(await nightshift(['init'], as)).toMatchObject({ code: 0 })
  expect(await nightshift(command, as)).toMatchObject({ code: 0, stderr: '' })
  writeFileSync(join(folder, 'srv', 'private'), 'private', { mode: 0o600 })
  const partial = await nightshift(command, as)
  expectClean(partial)
  expect(partial.code).toBe(1)
  expect(partial.stderr).toMatch(/^left out: .*srv\/private: may not be read: permission denied\n$/)
  expect(partial.stdout).toMatch(
    /is done: snapshot[^\n]*\n {2}but not all is well: 1 files or folders could not be read and are not in the backup/,
  )
  chmodSync(join(folder, 'srv'), 0o700)
  expectOneMessage(await nightshift(command, as), 1, /srv cannot be read; may this user read it\?/)
  chmodSync(join(folder, 'srv'), 0o755)
  rmSync(join(folder, 'srv', 'private'))
  for (const name of ['data', 'locks']) chownSync(join(folder, 'repository', name), 0, 0)
  chmodSync(join(folder, 'repository', 'locks'), 0o755)
  chmodSync(join(folder, 'repository', 'data'), 0o755)
  expectOneMessage(await nightshift(command, as), 1, /folder .*repository: it may not be read or written; mend the owner and the mode/)
  for (const name of ['data', 'locks']) chownSync(join(folder, 'repository', name), nobody, nobody)
  await expectKept(2)
  const modes = execFileSync('find', [join(folder, 'repository'), '-perm', '/077'], { encoding: 'utf8' })
  expect(modes.split('\n').filter((path) => path !== '' && !/\/(repository|data|locks)$/.test(path))).toEqual([])
})

test('an S3 bucket that is missing, and keys that are refused, are said without the keys', async () => {
  const obstacle = s3Obstacle()
  if (obstacle !== undefined) return skip(`a missing bucket: ${obstacle}`)
  const server = await startS3()
  try {
    const cloud = (secret: string): string =>
      `cloud: { kind: s3, endpoint: "${server.endpoint}", bucket: nowhere, access_key_id: ${server.accessKeyId}, secret_access_key: ${secret}, timeout: 5s }`
    configure({ destinations: `${disk()}\n    ${cloud(server.secretAccessKey)}` })
    expect(await nightshift(['init', '--to', 'disk'])).toMatchObject({ code: 0, stderr: '' })
    const half = await runLocal()
    expectClean(half)
    expect(half.code).toBe(1)
    expect(half.stdout).toMatch(/is done: .*\n {2}but not all is well: cloud: .*nowhere/)
    expect(half.stdout + half.stderr).not.toContain(server.secretAccessKey)
    expect(half.stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('nowhere')])
    configure({ destinations: cloud(server.secretAccessKey) })
    expectOneMessage(await runLocal(), 1, /nowhere/, /bucket/)
    configure({ destinations: cloud(secretKey) })
    expectOneMessage(await runLocal(), 1, /nowhere/, /key|denied|refuse/i)
    configure()
    await expectKept()
  } finally {
    await server.stop()
  }
})

test('a NATS bucket that is missing, and a bus that is away, are said', async () => {
  const server = await startNats()
  try {
    configure({ destinations: 'bus: { kind: nats, bucket: nowhere }', rest: `nats: { servers: ["${server.url}"] }\n` })
    expectOneMessage(await runLocal(), 1, /nowhere/, /there is no such object store; nightshift backup init makes it/)
  } finally {
    await server.stop()
  }
})

test('a flipped byte anywhere is found, named, and costs no more than what it hit', async () => {
  configure()
  await oneSnapshot()
  writeFileSync(join(folder, 'srv', 'more.txt'), 'more')
  expect(await runLocal()).toMatchObject({ code: 0 })
  const repository = join(folder, 'repository')
  const [key = ''] = readdirSync(join(repository, 'keys'))
  expectOneMessage(
    await whileFlipped(join(repository, 'config'), runLocal),
    1,
    /the file config in folder .* cannot be used: .*put a copy of the file back/,
  )
  expectOneMessage(
    await whileFlipped(join(repository, 'keys', key), runLocal),
    1,
    /no key file in folder .* can be read; .*put a copy of keys\/ back/,
  )
  const [index = ''] = readdirSync(join(repository, 'index'))
  expectOneMessage(
    await whileFlipped(join(repository, 'index', index), runLocal),
    1,
    new RegExp(`${index}.*damaged.*nightshift backup repair`),
  )
  await expectKept(2)

  for (const pack of packs(repository)) {
    const checked = await whileFlipped(pack, () => nightshift(['check', '--read-data']))
    expectClean(checked)
    expect(checked.code).toBe(1)
    expect(checked.stderr).toContain(pack.split('/').at(-1))
  }
  const [snapshot = ''] = readdirSync(join(repository, 'snapshots'))
  const listed = await whileFlipped(join(repository, 'snapshots', snapshot), async () => {
    const next = await runLocal()
    expect(next).toMatchObject({ code: 0, stderr: expect.stringContaining(`the snapshot ${snapshot} cannot be read`) })
    return await nightshift(['list', '--local', '--json'])
  })
  expectOneMessage(listed, 1, new RegExp(`^warning: disk: .*the snapshot ${snapshot} cannot be read`))
  expect(JSON.parse(listed.stdout)).toHaveLength(2)
  await expectKept(3)
})

function packs(repository: string): string[] {
  return readdirSync(join(repository, 'data'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes('/'))
    .map((path) => join(repository, 'data', path))
}

async function whileFlipped(path: string, work: () => Promise<Said>): Promise<Said> {
  const bytes = readFileSync(path)
  const changed = Buffer.from(bytes)
  changed[Math.floor(bytes.length / 2)] = (changed[Math.floor(bytes.length / 2)] ?? 0) ^ 1
  chmodSync(path, 0o600)
  writeFileSync(path, changed)
  const said = await work()
  writeFileSync(path, bytes)
  return said
}

test('a dump that fails or is too small is no snapshot, and shows no secret of its environment', async () => {
  const source = (script: string, more = ''): string =>
    `models: { source: { kind: command, argv: [sh, -c, ${JSON.stringify(script)}], file_name: dump.sql, env: { DUMP_PASSWORD: ${secretKey} }${more} }, retry: { attempts: 1 } }`
  configure({ jobs: source('head -c 5000 /dev/zero') })
  await oneSnapshot()
  configure({ jobs: source('echo half a dump; echo login $DUMP_PASSWORD refused >&2; exit 3') })
  expectOneMessage(await runLocal(), 1, /sh ended with exit code 3; it said: login «hidden» refused/)
  configure({ jobs: source('echo tiny', ', min_size: 1KiB') })
  expectOneMessage(
    await runLocal(),
    1,
    /the dump \/command\/dump.sql has 5B, and min_size is 1KiB: look at what it dumps, or lower min_size/,
  )
  configure({ jobs: source('head -c 50 /dev/zero') })
  expectOneMessage(await runLocal(), 1, /has 50B, the last one had .*--accept-smaller/)
  configure({ jobs: source('sleep 60', ', timeout: 1s') })
  expectOneMessage(await runLocal(), 1, /sh took longer than 1s and was ended/)
  await expectKept()
})

test('a mistake in the configuration is shown where it is, and a wrong call says how', async () => {
  configure({ jobs: 'models: { source: { kind: directory, paths: [srv] }, shedule: daily }' })
  const said = await runLocal()
  expect(said.code).toBe(1)
  expectClean(said)
  expect(said.stderr).toMatch(/nightshift.yaml:\d+/)
  expect(said.stderr).toContain('schedule')
  configure({ backup: '  password: hunter2hunter2-is-Short\n'.replace('hunter2hunter2-is-Short', 'short-1') })
  const weak = await runLocal()
  expect(weak.code).toBe(1)
  expect(weak.stderr).not.toContain('short-1')
  expect(existsSync(join(folder, 'repository'))).toBe(false)
  configure()
  expectOneMessage(await runLocal(), 1, /make one with `nightshift backup init`|nightshift backup init/)
  expectOneMessage(await nightshift(['run', 'other', '--local']), 1, /there is no job other; there are models/)
  expect((await nightshift(['run'])).code).toBe(2)
  expect((await nightshift(['run', 'models', '--local', '--lock-wait', 'soon'])).code).toBe(2)
})

test('over a bus the same is told by the service, which goes on', async () => {
  configure({ jobs: `${models()}\n    empty: { source: { kind: directory, paths: [${folder}/nowhere] }, retry: { attempts: 1 } }` })
  await oneSnapshot()
  const up = await startUp(folder)
  const ask = async (...args: string[]): Promise<Said> => await nightshift([...args, '--data', folder])
  expectOneMessage(
    await ask('run', 'empty'),
    1,
    /^empty: failed: .*nowhere cannot be backed up; is it mounted, and may this user read it\?/,
  )
  for (const name of ['constructor', '__proto__', '../../etc', 'prune of disk'])
    expectOneMessage(await ask('run', name), 1, /there is no job .*; (there are models, empty|nightshift backup jobs shows)/)
  expect((await ask('run', 'models')).code).toBe(0)
  expect(JSON.parse((await ask('list', '--json')).stdout)).toHaveLength(2)
  renameSync(join(folder, 'repository'), join(folder, 'unmounted'))
  expectOneMessage(await ask('run', 'models'), 1, /^models: failed: folder .*repository.*disk mounted/)
  expectOneMessage(await ask('list'), 1, /is its disk mounted/)
  renameSync(join(folder, 'unmounted'), join(folder, 'repository'))
  expect((await ask('run', 'models')).code).toBe(0)
  expect((await up.end('SIGINT')).code).toBe(0)
  expectClean({ code: 0, stdout: up.output(), stderr: '' })
  await expectKept(3)
})
