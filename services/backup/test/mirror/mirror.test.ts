import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import { s3Obstacle, startS3, type S3Server } from '@nightshift/test-servers/s3'
import { backupConfigSchema } from '../../src/config.ts'
import { mirrorSchema } from '../../src/config/mirror-config.ts'
import { clientOptions, type S3Config } from '../../src/destinations/s3/s3-options.ts'
import { Mirror } from '../../src/mirror/mirror.ts'
import { openTarget } from '../../src/mirror/mirror-target.ts'
import { BackupRig } from '../backup-rig.ts'
import { makeBucket, s3Config } from '../destinations/s3-bed.ts'

const log = pino({ level: 'silent' })
let folder: string
let source: string
const running: Mirror[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-mirror-'))
  source = join(folder, 'source')
  mkdirSync(join(source, 'deep', 'er'), { recursive: true })
  writeFileSync(join(source, 'one.jpg'), 'one')
  writeFileSync(join(source, 'deep', 'er', 'ä two.jpg'), 'two')
})
afterEach(async () => {
  for (const mirror of running.splice(0)) await mirror.stop()
  rmSync(folder, { recursive: true, force: true })
})

function mirror(to: object, change: object = {}, clock: Clock = systemClock): Mirror {
  const config = mirrorSchema.parse({ path: source, to, lag: '5s', ...change })
  const made = new Mirror({ name: 'images', config, clock, log })
  running.push(made)
  made.start()
  return made
}

async function caughtUp(made: Mirror, files: number): Promise<void> {
  await vi.waitFor(() => expect(made.standing()).toMatchObject({ lagSeconds: 0, waiting: 0, error: null, storedFiles: files }), 15_000)
}

describe('to a folder', () => {
  const target = (): string => join(folder, 'target')
  const there = (): string[] =>
    readdirSync(target(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target().length + 1))
      .toSorted()

  test('what is there goes, what changes follows within the lag, and secrets and links stay', async () => {
    writeFileSync(join(source, '.env'), 'TOKEN=x')
    writeFileSync(join(source, 'deep', 'tls.key'), 'x')
    writeFileSync(join(source, 'left.tmp'), 'x')
    symlinkSync('/etc/passwd', join(source, 'link'))
    const made = mirror({ kind: 'local', path: target() }, { exclude: ['*.tmp'] })
    await caughtUp(made, 2)
    expect(there()).toEqual(['deep/er/ä two.jpg', 'one.jpg'])
    const startMs = Date.now()
    writeFileSync(join(source, 'deep', 'three.jpg'), 'three')
    writeFileSync(join(source, 'one.jpg'), 'uno')
    await caughtUp(made, 4)
    expect(Date.now() - startMs).toBeLessThan(5000)
    expect(readFileSync(join(target(), 'one.jpg'), 'utf8')).toBe('uno')
    unlinkSync(join(source, 'one.jpg'))
    writeFileSync(join(source, 'four.jpg'), '')
    await caughtUp(made, 5)
    // Nothing is removed unless it is asked for.
    expect(there()).toEqual(['deep/er/ä two.jpg', 'deep/three.jpg', 'four.jpg', 'one.jpg'])
    await made.stop()
    await caughtUp(mirror({ kind: 'local', path: target() }), 0)
  })

  test('what was removed goes after its time, but never because a disk is not mounted', async () => {
    let offMs = 0
    const clock: Clock = { now: () => Date.now() + offMs, monotonicMs: () => performance.now() + offMs }
    const made = mirror({ kind: 'local', path: target() }, { delete_after: '1h', reconcile: '1m' }, clock)
    await caughtUp(made, 2)
    unlinkSync(join(source, 'one.jpg'))
    const later = async (ms: number, check: () => void): Promise<void> => {
      offMs += ms
      writeFileSync(join(source, `wake-${offMs}`), '')
      await vi.waitFor(check, 10_000)
    }
    await later(61_000, () => expect(there()).toContain('wake-61000'))
    expect(there()).toContain('one.jpg')
    await later(3_700_000, () => expect(there()).not.toContain('one.jpg'))
    expect(there()).toContain('deep/er/ä two.jpg')

    renameSync(source, `${source}-away`)
    offMs += 3_700_000
    await made.stop()
    const again = mirror({ kind: 'local', path: target() }, { delete_after: '1h', reconcile: '1m' }, clock)
    await vi.waitFor(() => expect(again.standing().error).toContain('is its disk mounted?'), 5000)
    mkdirSync(source)
    offMs += 7_300_000
    await vi.waitFor(() => expect(again.standing().error).toBeNull(), 10_000)
    expect(there()).toContain('deep/er/ä two.jpg')
  })

  test('a target that refuses is said, counts as lag, and is made up for', async () => {
    writeFileSync(target(), 'in the way')
    const made = mirror({ kind: 'local', path: target() }, { lag: '1s' })
    await vi.waitFor(() => expect(made.standing()).toMatchObject({ isBehind: true, error: expect.stringContaining('folder ') }), 10_000)
    rmSync(target())
    await caughtUp(made, 2)
    expect(made.standing().isBehind).toBe(false)
    chmodSync(target(), 0o750)
  })

  test('a mirror inside of what it mirrors, one of the bus, and one with a password are refused', () => {
    const refused = (to: object): boolean => !mirrorSchema.safeParse({ path: source, to }).success
    expect(refused({ kind: 'local', path: join(source, 'copy') })).toBe(true)
    expect(refused({ kind: 'local', path: folder })).toBe(true)
    expect(refused({ kind: 'nats', bucket: 'b' })).toBe(true)
    expect(refused({ kind: 'local', path: '/mnt/x', password: 'correct-horse-Battery-9' })).toBe(true)
    expect(refused({ kind: 'local', path: `${source}-copy` })).toBe(false)
  })
})

const obstacle = s3Obstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: a mirror in a real S3 server: ${obstacle}\n`)
describe.skipIf(obstacle !== undefined)('to S3', () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3()
    await makeBucket(server)
  }, 60_000)
  afterAll(async () => await server?.stop())

  const target = (): object => ({
    kind: 's3',
    endpoint: server.endpoint,
    bucket: 'backups',
    prefix: 'web-1/images',
    access_key_id: server.accessKeyId,
    secret_access_key: server.secretAccessKey,
    timeout: '3s',
  })
  const parsed = (): S3Config => s3Config(server, { prefix: 'web-1/images' })
  const listed = async (): Promise<string[]> => {
    const open = await openTarget(parsed())
    const paths: string[] = []
    for await (const { path } of open.list(new AbortController().signal)) paths.push(path)
    open.close()
    return paths.toSorted()
  }
  const contentOf = async (path: string): Promise<string> => {
    const client = new S3Client(clientOptions(parsed()))
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: 'backups', Key: `web-1/images/${path}` }))
    const text = await body?.transformToString()
    client.destroy()
    return text ?? ''
  }

  test('files go, changes follow, equal content is not sent again, and what was removed goes only when asked for', async () => {
    writeFileSync(join(source, '.env'), 'TOKEN=x')
    writeFileSync(join(source, 'empty'), '')
    const made = mirror(target())
    await caughtUp(made, 3)
    expect(await listed()).toEqual(['deep/er/ä two.jpg', 'empty', 'one.jpg'])
    writeFileSync(join(source, 'one.jpg'), 'uno')
    // The same size and an older time: only the content tells.
    utimesSync(join(source, 'one.jpg'), new Date(1_000_000), new Date(1_000_000))
    await caughtUp(made, 4)
    expect(await contentOf('one.jpg')).toBe('uno')
    unlinkSync(join(source, 'empty'))
    const now = new Date()
    utimesSync(join(source, 'one.jpg'), now, now)
    await made.stop()
    const again = mirror(target())
    await caughtUp(again, 0)
    expect(await listed()).toContain('empty')
    expect(existsSync(join(source, 'empty'))).toBe(false)
  }, 60_000)

  test('a server that hangs and comes back costs nothing but time', async () => {
    const made = mirror(target(), { lag: '1s' })
    await vi.waitFor(() => expect(made.standing()).toMatchObject({ lagSeconds: 0, error: null }), 15_000)
    await server.kill('SIGSTOP')
    writeFileSync(join(source, 'later.jpg'), Buffer.alloc(200_000, 'x'))
    await vi.waitFor(() => expect(made.standing().isBehind).toBe(true), 15_000)
    await server.kill('SIGCONT')
    await vi.waitFor(() => expect(made.standing()).toMatchObject({ lagSeconds: 0, waiting: 0, error: null }), 40_000)
    expect((await contentOf('later.jpg')).length).toBe(200_000)
  }, 90_000)
})

test('the service keeps its mirrors, says how they stand, and takes another configuration while it runs', async () => {
  const rig = await BackupRig.start()
  try {
    const mirrors = (name: string): Record<string, unknown> => ({
      mirrors: { [name]: { path: source, to: { kind: 'local', path: join(folder, name) } } },
    })
    const { service } = await rig.backUp(rig.config({}, mirrors('first')))
    await vi.waitFor(() => expect(existsSync(join(folder, 'first', 'one.jpg'))).toBe(true), 10_000)
    await vi.waitFor(() => expect(service.self?.()).toMatchObject({ mirrors: 1, mirrors_behind: 0, mirror_lag_seconds: 0 }), 10_000)
    expect(await rig.ask('mirrors')).toMatchObject({ mirrors: [{ mirror: 'first', is_behind: false, stored_files: 2, error: null }] })
    await service.reload(backupConfigSchema.parse(rig.config({}, mirrors('second'))))
    await vi.waitFor(() => expect(existsSync(join(folder, 'second', 'one.jpg'))).toBe(true), 10_000)
    expect(await rig.ask('mirrors')).toMatchObject({ mirrors: [{ mirror: 'second' }] })
  } finally {
    await rig.stop()
  }
})
