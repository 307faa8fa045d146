import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nameOf } from '../../src/destinations/layout.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { countFiles } from './restic-bed.ts'
import { fileFor, listed, put } from './store-conformance.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const storeModule = new URL('../../src/destinations/local-store.ts', import.meta.url).href
const mountObstacle = findMountObstacle()
const straceObstacle = findStraceObstacle()
if (mountObstacle !== undefined) process.stdout.write(`skipped: a repository on a disk that is full or read-only: ${mountObstacle}\n`)
if (straceObstacle !== undefined) process.stdout.write(`skipped: the order of system calls of a write: ${straceObstacle}\n`)

describe('a repository in a folder', () => {
  let folder: string
  let root: string
  let store: LocalStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nightshift-local-'))
    root = join(folder, 'repository')
    store = new LocalStore(root)
  })

  afterEach(async () => await rm(folder, { recursive: true, force: true }))

  it('can be read by its owner only, and written by nobody once it is written', async () => {
    await store.create()
    const file = await put(store, 'data', Buffer.from('a pack'))
    expect((await stat(root)).mode & 0o777).toBe(0o700)
    expect((await stat(join(root, 'data', file.id.slice(0, 2)))).mode & 0o777).toBe(0o700)
    expect((await stat(join(root, nameOf(file)))).mode & 0o777).toBe(0o400)
  })

  it('is not made anew where a disk is not mounted, or where it was moved away', async () => {
    await mkdir(root)
    const bytes = Buffer.from('a pack')
    const attempts = [
      () => store.write(fileFor('data', bytes), bytes),
      () => store.write(fileFor('snapshot', bytes), bytes),
      () => store.read(fileFor('data', bytes)),
      () => store.sizeOf(fileFor('data', bytes)),
      () => store.remove(fileFor('data', bytes)),
      () => listed(store, 'data'),
    ]
    const notThere = { code: 'store_not_found', transient: false, message: expect.stringContaining('is its disk mounted?') }
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(notThere)
    expect(await readdir(root)).toEqual([])
    await store.create()
    await put(store, 'data', Buffer.from('first'))
    await rename(root, `${root}.moved`)
    for (const attempt of [...attempts, () => store.room()]) await expect(attempt()).rejects.toMatchObject(notThere)
    await expect(store.write({ type: 'config', id: '' }, bytes)).rejects.toMatchObject(notThere)
    expect(await readdir(folder)).toEqual(['repository.moved'])
  })

  it('lists only what is of a repository, and sweeps only what it left itself, when it is old', async () => {
    await store.create()
    const file = await put(store, 'data', Buffer.from('a pack'))
    const inFolder = join(root, 'data', file.id.slice(0, 2))
    const old = new Date('2026-01-01T00:00:00Z')
    for (const name of [`${file.id}-tmp-0badcafe`, 'notes.txt', `${file.id}.bak`]) {
      await writeFile(join(inFolder, name), 'x')
      await utimes(join(inFolder, name), old, old)
    }
    await writeFile(join(inFolder, `${file.id}-tmp-5eedf00d`), 'being written')
    await writeFile(join(root, 'config-tmp-12345678'), 'x')
    await utimes(join(root, 'config-tmp-12345678'), old, old)
    await mkdir(join(root, 'data', 'lost+found'))
    await mkdir(join(inFolder, 'a'.repeat(64)))
    expect(await listed(store, 'data')).toEqual([{ id: file.id, sizeBytes: 6 }])
    expect(await store.sweep(3_600_000, Date.now())).toBe(2)
    expect((await readdir(inFolder)).toSorted()).toEqual(
      ['a'.repeat(64), file.id, `${file.id}-tmp-5eedf00d`, `${file.id}.bak`, 'notes.txt'].toSorted(),
    )
  })

  it('says how much room there is', async () => {
    await store.create()
    await put(store, 'data', randomBytes(1000))
    await put(store, 'config', randomBytes(155))
    const room = await store.room()
    expect(room.usedBytes).toBe(1155)
    expect(room.freeBytes).toBeGreaterThan(1_000_000)
  })

  it('holds no torn file after its writer was killed at any moment', async () => {
    await store.create()
    const script = `import { createHash, randomBytes } from 'node:crypto'
      import { LocalStore } from ${JSON.stringify(storeModule)}
      const store = new LocalStore(${JSON.stringify(root)})
      for (;;) {
        const bytes = randomBytes(3_000_000)
        await store.write({ type: 'data', id: createHash('sha256').update(bytes).digest('hex') }, bytes)
        process.stdout.write('.')
      }`
    for (const delayMs of [0, 3, 7, 11, 17, 23]) {
      const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(writer.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      writer.kill('SIGKILL')
      await once(writer, 'exit')
    }
    const { total, damaged } = await countFiles(store)
    expect(total).toBeGreaterThanOrEqual(6)
    expect(damaged).toBe(0)
    await store.sweep(0, Date.now() + 60_000)
    expect((await readdir(root, { recursive: true })).filter((name) => name.includes('-tmp-'))).toEqual([])
  }, 30_000)

  it('names who may not read it', async () => {
    await store.create()
    await put(store, 'data', Buffer.from('a pack'))
    await chmod(folder, 0o711)
    await chmod(root, isRoot ? 0o700 : 0o000)
    // Root may read everything: for a moment this process is somebody else.
    if (isRoot) process.seteuid?.(65_534)
    const refused: unknown = await Array.fromAsync(store.list('data'))
      .catch((error: unknown) => error)
      .finally(() => isRoot && process.seteuid?.(0))
    await chmod(root, 0o700)
    expect(refused).toMatchObject({
      code: 'store_denied',
      message: `folder ${root}: it may not be read or written; mend the owner and the mode of the folder`,
    })
  })

  it.skipIf(mountObstacle !== undefined)('says that its disk is full, or read-only, and keeps what it has', async () => {
    await mkdir(root)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'nightshift-test', root])
    try {
      await store.create()
      const file = await put(store, 'data', randomBytes(600_000))
      const tooMuch = randomBytes(700_000)
      await expect(put(store, 'data', tooMuch)).rejects.toMatchObject({ code: 'store_full', transient: false })
      expect(await listed(store, 'data')).toEqual([{ id: file.id, sizeBytes: 600_000 }])
      expect((await readdir(root, { recursive: true })).filter((name) => name.includes('-tmp-'))).toEqual([])
      expect((await store.room()).freeBytes).toBeLessThan(500_000)
      await run('mount', ['-o', 'remount,ro', root])
      await expect(put(store, 'snapshot', Buffer.from('x'))).rejects.toMatchObject({
        code: 'store_denied',
        message: expect.stringContaining('read-only'),
      })
      await expect(store.remove(file)).rejects.toMatchObject({ code: 'store_denied' })
      expect((await countFiles(store)).damaged).toBe(0)
    } finally {
      await run('umount', [root])
    }
  })

  it.skipIf(straceObstacle !== undefined)('syncs a file before it has its name, and the name before it says so', async () => {
    await store.create()
    const script = `import { createHash } from 'node:crypto'
      import { LocalStore } from ${JSON.stringify(storeModule)}
      const bytes = Buffer.from('a pack')
      await new LocalStore(${JSON.stringify(root)}).write({ type: 'data', id: createHash('sha256').update(bytes).digest('hex') }, bytes)
      process.stdout.write('durable')`
    const trace = join(folder, 'trace')
    const calls = 'trace=openat,write,pwrite64,fsync,fdatasync,link,rename,unlink,mkdir,close'
    await run('strace', ['-f', '-y', '-e', calls, '-o', trace, process.execPath, '--input-type=module', '-e', script])
    const lines = await run('grep', ['-E', `${root}|durable`, trace])
    const order = lines.stdout
      .split('\n')
      .filter((line) => !line.includes('unfinished') && !line.includes('O_RDONLY') && !line.includes('close('))
      .flatMap((line) => /(?:\d+ +|<\.\.\. )(\w+)[ (]/.exec(line)?.[1] ?? [])
      .filter((call, index, all) => call !== 'openat' || all[index - 1] !== 'openat')
    expect(order).toEqual(['openat', 'mkdir', 'fsync', 'openat', 'write', 'fsync', 'link', 'unlink', 'fsync', 'write'])
  })
})

function findMountObstacle(): string | undefined {
  if (!isRoot) return 'only root can mount a small disk'
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'nightshift-test', '/mnt'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'mounting is not allowed here'
  }
}

function findStraceObstacle(): string | undefined {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no strace that may trace'
  }
}
