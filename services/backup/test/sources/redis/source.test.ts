import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import type { DatabaseServer } from '@nightshift/test-servers/postgres'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { compareFacts } from '../../../src/sources/facts.ts'
import type { Loader } from '../../../src/sources/loader.ts'
import { RedisConnection, snapshotOf } from '../../../src/sources/redis/connection.ts'
import { createLoader, createSource } from '../../../src/sources/registry.ts'
import { serverAddress } from '../../../src/sources/server-address.ts'
import type { Facts, Material } from '../../../src/sources/source.ts'
import { dumpTo, sourceContext, temporaryFolder } from '../source-context.ts'

async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield await Promise.resolve(data.subarray(at, at + size))
}

test('what follows a SYNC is told apart in both forms, wherever it is cut', async () => {
  const mark = 'f'.repeat(40)
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 100 }),
      fc.boolean(),
      async (bytes, size, hasMark) => {
        const body = Buffer.from(bytes)
        const head = hasMark ? `\n\n$EOF:${mark}\r\n` : `\n$${body.length}\r\n`
        const sent = Buffer.concat([Buffer.from(head), body, Buffer.from(hasMark ? mark : '')])
        const got: Buffer[] = []
        for await (const piece of snapshotOf(pieces(sent, size))) got.push(piece)
        expect(Buffer.concat(got).equals(body)).toBe(true)
        const cut = async (): Promise<void> => {
          for await (const piece of snapshotOf(pieces(sent.subarray(0, -1), size))) got.push(piece)
        }
        await expect(cut()).rejects.toMatchObject({ code: 'dump_failed' })
      },
    ),
    { numRuns: 50 },
  )
})

const obstacle = redisObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: dumps of a real Redis: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('Redis', () => {
  let server: DatabaseServer
  let url = ''
  let client: RedisConnection

  beforeAll(async () => {
    server = await startRedis({ config: ['repl-diskless-sync-delay 0'] })
    url = `redis://:${server.password}@127.0.0.1:${server.port}`
    client = await connect()
    for (let id = 0; id < 2000; id++) await client.command('SET', `key:${id}`, Buffer.alloc(100, id % 256))
    for (let id = 0; id < 50; id++) await client.command('SET', `short:${id}`, 'x', 'EX', 3600)
    await client.command('HSET', Buffer.from([0, 255, 13, 10]), 'field', 'odd')
    await client.command('SELECT', 3)
    await client.command('RPUSH', 'list', 'a', 'b')
    await client.command('SELECT', 0)
  }, 60_000)
  afterAll(async () => {
    client?.close()
    await server?.stop()
  })

  async function connect(): Promise<RedisConnection> {
    return await RedisConnection.open(serverAddress({ url }, 6379), new AbortController().signal)
  }

  async function open(more: object = {}): Promise<Material> {
    const source = await createSource(sourceSchema.parse({ kind: 'redis', url, ...more }))
    return await source.open(sourceContext())
  }

  async function loader(): Promise<Loader> {
    const made = await createLoader(sourceSchema.parse({ kind: 'redis', url }), sourceContext())
    if (made === undefined) throw new Error('no loader')
    return made
  }

  async function dumped(): Promise<{ folder: string; facts: Facts }> {
    const folder = temporaryFolder()
    const material = await open()
    await dumpTo(material, folder)
    const facts = await material.finish()
    await material.close()
    return { folder, facts }
  }

  test('a drill finds the keys that are in the dump, though others were written meanwhile', async () => {
    let isWriting = true
    let written = 0
    const writing = (async () => {
      const writer = await connect()
      while (isWriting) await writer.command('SET', `load:${written++}`, 'x'.repeat(200))
      writer.close()
    })()
    const { folder, facts } = await dumped()
    isWriting = false
    await writing
    expect(written).toBeGreaterThan(10)
    const restore = await loader()
    const scratch = await restore.scratch()
    try {
      await restore.load(folder, scratch.target, {})
      const found = await scratch.count()
      expect(found['keys']).toBeGreaterThanOrEqual(2052)
      expect(facts['keys']).toBeTypeOf('number')
      expect(compareFacts(facts, found)).toEqual({ compared: 1, mismatches: [] })
      expect(await scratch.query('LRANGE list 0 -1', '3')).toEqual(['a', 'b'])
    } finally {
      await scratch.stop()
    }
  }, 30_000)

  test('restored databases take the places of the live ones, and give them back', async () => {
    const { folder } = await dumped()
    await client.command('DEL', 'key:1')
    const restore = await loader()
    const loaded = await restore.load(folder, { suffix: '_1' }, {})
    expect(loaded.items).toEqual([
      { name: '0', loadedAs: '15' },
      { name: '3', loadedAs: '14' },
    ])
    const swap = await restore.swap(loaded)
    expect(await client.command('EXISTS', 'key:1')).toBe(1)
    expect(await client.command('EXISTS', 'nightshift:restored')).toBe(0)
    expect(Number(await client.command('TTL', 'short:1'))).toBeGreaterThan(3000)
    expect(String(await client.command('HGET', Buffer.from([0, 255, 13, 10]), 'field'))).toBe('odd')
    await swap.undo()
    expect(await client.command('EXISTS', 'key:1')).toBe(0)
    await expect(restore.drop(loaded.target, ['0'])).rejects.toMatchObject({ code: 'not_beside' })
    await restore.drop(loaded.target, swap.kept)
    expect(String(await client.command('INFO', 'keyspace'))).not.toContain('db15')
  }, 30_000)

  test('keys that fit a pattern come back', async () => {
    const { folder } = await dumped()
    await client.command('DEL', 'key:7', 'key:8')
    await client.command('SET', 'key:9', 'new')
    const restore = await loader()
    const loaded = await restore.load(folder, { suffix: '_2' }, { only: ['0'], tables: ['key:?'] })
    expect(await restore.count(loaded)).toEqual({ keys: 9 })
    expect(await restore.copyRows?.(loaded, { table: 'key:*', replace: false })).toBe(2)
    expect(String(await client.command('GET', 'key:9'))).toBe('new')
    await restore.drop(
      loaded.target,
      loaded.items.map(({ loadedAs }) => loadedAs),
    )
  }, 30_000)

  test('a damaged file is not loaded', async () => {
    const { folder } = await dumped()
    const file = join(folder, 'redis', 'dump.rdb')
    writeFileSync(file, readFileSync(file).subarray(0, 5000))
    await expect((await loader()).load(folder, { suffix: '_3' }, {})).rejects.toMatchObject({
      code: expect.stringMatching(/no_scratch|load_failed/),
    })
  }, 30_000)

  test('a wrong password is named, and not shown', async () => {
    const wrong = open({ url: url.replace(server.password, 'Wrong-5ecret') })
    await expect(wrong).rejects.toMatchObject({ code: 'redis_failed', transient: false, message: expect.stringContaining('WRONGPASS') })
    await expect(wrong).rejects.not.toMatchObject({ message: expect.stringContaining('Wrong-5ecret') })
  })

  test('a server that dies makes no snapshot', async () => {
    await server.kill('SIGKILL')
    await expect(open()).rejects.toMatchObject({ code: 'redis_failed', transient: true })
  })
})
