import { randomBytes } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { Objm, type ObjectStore } from '@nats-io/obj'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { useObjectStore } from '@nightshift/shared/permissions/object-store'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nameOf } from '../../src/destinations/layout.ts'
import { NatsStore } from '../../src/destinations/nats/nats-store.ts'
import { RetryingStore } from '../../src/destinations/retrying-store.ts'
import { fileFor, listed, put } from './store-conformance.ts'

const mebibyte = 1024 ** 2

/** What the permissions of Nightshift let a backup service do, with an object store that an admin made. */
const rights = `publish: ${JSON.stringify(useObjectStore('narrow').publish)}, subscribe: ["_INBOX_backup_web-1.>"]`

describe('a repository in an object store of NATS', () => {
  let server: NatsServer
  let nc: NatsConnection

  beforeAll(async () => {
    server = await startNats({
      config: `authorization { users = [
        { user: admin, password: admin }
        { user: backup, password: backup, permissions: { ${rights} } }
        { user: stranger, password: stranger, permissions: { publish: ["other.>"], subscribe: ["_INBOX_backup_web-1.>"] } } ] }`,
    })
    nc = await connect({ servers: server.url, user: 'admin', pass: 'admin', maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  })

  afterAll(async () => {
    await nc?.close()
    await server?.stop()
  })

  const open = (bucket: string, options: { user?: string; password?: string; maxBytes?: number } = {}): NatsStore => {
    const { user = 'admin', maxBytes = 512 * mebibyte } = options
    const connection = { servers: [server.url], user, password: options.password ?? user }
    return new NatsStore({ bucket, maxBytes, replicas: 1, connection, host: 'web-1' })
  }
  const objects = async (bucket: string): Promise<ObjectStore> => await new Objm(nc).open(bucket)
  const messages = async (bucket: string): Promise<number> =>
    (await (await jetstreamManager(nc)).streams.info(`OBJ_${bucket}`)).state.messages

  it('is read by every client of object stores, and reads what they wrote', async () => {
    const store = open('shared')
    await store.create()
    const bytes = randomBytes(400_000)
    const file = await put(store, 'data', bytes)
    const others = await objects('shared')
    expect(Buffer.from((await others.getBlob(nameOf(file))) ?? [])).toEqual(bytes)
    const theirs = randomBytes(700_000)
    const their = fileFor('index', theirs)
    await others.putBlob({ name: nameOf(their) }, theirs)
    await others.putBlob({ name: 'notes.txt' }, Buffer.from('not of a repository'))
    expect(await store.read(their)).toEqual(theirs)
    expect(await store.read(their, { offset: 300_000, lengthBytes: 200_000 })).toEqual(theirs.subarray(300_000, 500_000))
    expect(await listed(store, 'index')).toEqual([{ id: their.id, sizeBytes: 700_000 }])
    await others.delete(nameOf(their))
    expect(await store.sizeOf(their)).toBeUndefined()
    expect(await listed(store, 'index')).toEqual([])
    await store.write(their, theirs)
    expect(await store.read(their)).toEqual(theirs)
    await store.close()
  })

  it('leaves nothing behind when a file is removed', async () => {
    const store = open('locks')
    await store.create()
    for (let index = 0; index < 5; index++) await store.remove(await put(store, 'lock', Buffer.from(`lock ${index}`)))
    expect(await messages('locks')).toBe(0)
    await store.close()
  })

  it('says that it is full, and keeps what it has', async () => {
    const store = open('small', { maxBytes: 4 * mebibyte })
    await store.create()
    const bytes = randomBytes(3 * mebibyte)
    const file = await put(store, 'data', bytes)
    const before = await messages('small')
    const full = { code: 'store_full', transient: false, message: expect.stringContaining('raise max_bytes') }
    await expect(put(store, 'data', randomBytes(2 * mebibyte))).rejects.toMatchObject(full)
    expect(await messages('small')).toBe(before)
    expect((await store.read(file)).equals(bytes)).toBe(true)
    const { usedBytes, freeBytes } = await store.room()
    expect((usedBytes ?? 0) + (freeBytes ?? 0)).toBe(4 * mebibyte)
    await store.close()
  })

  it('says that there is no such object store, that it may not, or that the login is wrong', async () => {
    const file = fileFor('data', Buffer.from('x'))
    const cases: [store: NatsStore, code: string][] = [
      [open('nowhere'), 'store_not_found'],
      [open('shared', { user: 'stranger' }), 'store_denied'],
      [open('shared', { user: 'admin', password: 'guess' }), 'store_denied'],
    ]
    for (const [store, code] of cases) {
      const attempts = [() => store.write(file, Buffer.from('x')), () => store.read(file), () => listed(store, 'data'), () => store.room()]
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code, transient: false })
      await store.close()
    }
  }, 30_000)

  it('needs few rights', async () => {
    const admin = open('narrow')
    const store = open('narrow', { user: 'backup' })
    await expect(store.create()).rejects.toMatchObject({
      code: 'store_not_found',
      message: expect.stringContaining('nats object add narrow'),
    })
    await admin.create()
    await store.create()
    const bytes = randomBytes(300_000)
    const files = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => await put(store, 'index', Buffer.from(`index ${index}`))),
    )
    const pack = await put(store, 'data', bytes)
    expect(await store.read(pack, { offset: 1, lengthBytes: 200_000 })).toEqual(bytes.subarray(1, 200_001))
    expect(await listed(store, 'index')).toEqual(
      files.map(({ id }) => ({ id, sizeBytes: expect.any(Number) })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    )
    await store.remove(pack)
    expect(await store.sweep(0, Date.now())).toBe(0)
    await Promise.all([store.close(), admin.close()])
  })

  it('names what is damaged, and sweeps what was cut off', async () => {
    const store = open('damaged')
    await store.create()
    const bytes = randomBytes(500_000)
    const file = await put(store, 'data', bytes)
    const manager = await jetstreamManager(nc)
    await manager.streams.deleteMessage('OBJ_damaged', 2)
    await expect(store.read(file)).rejects.toMatchObject({ code: 'store_damaged', message: expect.stringContaining(file.id) })
    expect(await store.read(file, { offset: 0, lengthBytes: 1000 })).toEqual(bytes.subarray(0, 1000))
    await manager.streams.purge('OBJ_damaged', { filter: `$O.damaged.M.${btoa(nameOf(file))}` })
    expect(await store.sizeOf(file)).toBeUndefined()
    expect(await store.sweep(3_600_000, Date.now())).toBe(0)
    expect(await store.sweep(3_600_000, Date.now() + 3_700_000)).toBe(1)
    expect(await messages('damaged')).toBe(0)
    await store.close()
  })

  it('lists every file that stays, while others come and go', async () => {
    const [store, busy] = [open('busy'), open('busy')]
    await store.create()
    const stay = await Promise.all(Array.from({ length: 300 }, async (_, index) => await put(store, 'data', Buffer.from(`stays ${index}`))))
    let isOver = false
    const churn = async (): Promise<void> => {
      for (let index = 0; !isOver; index++) await busy.remove(await put(busy, 'lock', Buffer.from(`lock ${index}`)))
    }
    const churning = churn()
    for (let round = 0; round < 15; round++) expect(await listed(store, 'data')).toHaveLength(stay.length)
    isOver = true
    await churning
    await Promise.all([store.close(), busy.close()])
  }, 60_000)

  it('survives a broker that is killed in the middle of writing and reading', async () => {
    const bare = open('restarted')
    const store = new RetryingStore(bare, { attempts: 20, firstWaitMs: 100, maxWaitMs: 1000 })
    await store.create()
    const packs = Array.from({ length: 4 }, () => randomBytes(12 * mebibyte))
    let done = 0
    const writing = Promise.all(packs.map(async (bytes) => await put(store, 'data', bytes).finally(() => done++)))
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(done).toBe(0)
    await server.restart()
    const files = await writing
    const reading = Promise.all(files.map(async (file) => await store.read(file).finally(() => done++)))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(done).toBe(packs.length)
    await server.restart()
    for (const [index, bytes] of (await reading).entries()) expect(bytes.equals(packs[index] ?? Buffer.alloc(0))).toBe(true)
    expect(await listed(store, 'data')).toHaveLength(4)
    await store.sweep(0, Date.now() + 60_000)
    expect(await messages('restarted')).toBe(4 * (96 + 1))
    await store.close()
  }, 90_000)

  it('says that the bus is away, within a bound, and works again when it is back', async () => {
    const store = open('shared')
    const before = await listed(store, 'data')
    await server.kill('SIGKILL')
    const away = { code: 'store_unreachable', transient: true, message: expect.stringContaining('object store shared') }
    await expect(store.read(fileFor('data', Buffer.from('x')))).rejects.toMatchObject(away)
    await expect(listed(store, 'data')).rejects.toMatchObject(away)
    await server.restart()
    expect(await listed(store, 'data')).toEqual(before)
    await store.close()
  }, 60_000)
})
