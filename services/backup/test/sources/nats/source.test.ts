import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kvm } from '@nats-io/kv'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { compareFacts } from '../../../src/sources/facts.ts'
import type { Loader } from '../../../src/sources/loader.ts'
import { createLoader, createSource } from '../../../src/sources/registry.ts'
import type { Facts } from '../../../src/sources/source.ts'
import { dumpTo, sourceContext, temporaryFolder } from '../source-context.ts'

let server: NatsServer
let connection: NatsConnection

beforeAll(async () => {
  server = await startNats()
  connection = await connect({ servers: server.url })
  const manager = await jetstreamManager(connection)
  const client = jetstream(connection)
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders.>'], duplicate_window: 100_000_000 })
  await manager.consumers.add('ORDERS', { durable_name: 'worker', ack_policy: 'explicit', filter_subject: 'orders.new' })
  for (let id = 1; id <= 1500; id++) {
    const header = headers()
    header.append('Nats-Msg-Id', `id-${id}`)
    header.append('Trace', 'a')
    header.append('Trace', 'b')
    await client.publish('orders.new', Buffer.from([id % 256, 0, 255]), { headers: header })
  }
  await new Promise((resolve) => setTimeout(resolve, 150))
  const again = headers()
  again.append('Nats-Msg-Id', 'id-1')
  await client.publish('orders.again', 'the same id, later', { headers: again })
  for (let seq = 100; seq < 900; seq++) await manager.streams.deleteMessage('ORDERS', seq)
  await manager.streams.add({ name: 'QUEUE', subjects: ['queue.>'], retention: 'workqueue' })
  await client.publish('queue.a', 'job')
  const bucket = await new Kvm(connection).create('settings', { history: 3 })
  for (const value of ['1', '2', '3', '4']) await bucket.put('volume', value)
  await bucket.put('gone', 'x')
  await bucket.delete('gone')
}, 60_000)
afterAll(async () => {
  await connection?.close()
  await server?.stop()
})

const config = { kind: 'nats', streams: 'all', buckets: ['settings'] }

async function dumped(): Promise<{ folder: string; facts: Facts }> {
  const folder = temporaryFolder()
  const material = await (await createSource(sourceSchema.parse(config))).open(sourceContext({ nats: connection }))
  await dumpTo(material, folder)
  const facts = await material.finish()
  await material.close()
  return { folder, facts }
}

async function loader(): Promise<Loader> {
  const made = await createLoader(sourceSchema.parse(config), sourceContext({ nats: connection }))
  if (made === undefined) throw new Error('no loader')
  return made
}

test('a drill finds every message of streams and buckets, and takes nothing out of a work queue', async () => {
  const { folder, facts } = await dumped()
  expect(facts).toMatchObject({ 'messages.ORDERS': 701, 'messages.QUEUE': 1, 'messages.KV_settings': 5 })
  expect((await (await jetstreamManager(connection)).streams.info('QUEUE')).state.messages).toBe(1)
  const restore = await loader()
  const scratch = await restore.scratch()
  try {
    await restore.load(folder, scratch.target, {})
    expect(compareFacts(facts, await scratch.count())).toEqual({ compared: 3, mismatches: [] })
    expect(await scratch.query('orders.again', 'ORDERS')).toEqual(['the same id, later'])
    const { port, user, password } = scratch.target.connection ?? {}
    const there = await connect({ servers: `127.0.0.1:${port}`, user: user ?? '', pass: password ?? '' })
    const manager = await jetstreamManager(there)
    const first = await manager.streams.getMessage('ORDERS', { seq: 1 })
    expect(first?.header.get('Nats-Msg-Id')).toBe('id-1')
    expect(first?.header.values('Trace')).toEqual(['a', 'b'])
    expect([...(first?.data ?? [])]).toEqual([1, 0, 255])
    expect((await manager.consumers.info('ORDERS', 'worker')).config.filter_subject).toBe('orders.new')
    expect((await manager.streams.info('ORDERS')).config.duplicate_window).toBe(100_000_000)
    await there.close()
  } finally {
    await scratch.stop()
  }
}, 30_000)

test('a bucket is restored beside the live one, with its history and what was deleted', async () => {
  const { folder } = await dumped()
  const restore = await loader()
  const loaded = await restore.load(folder, { suffix: '_1' }, { only: ['KV_settings'] })
  const bucket = await new Kvm(connection).open('settings_1')
  expect((await bucket.get('volume'))?.string()).toBe('4')
  expect((await bucket.get('gone'))?.operation).toBe('DEL')
  const values: string[] = []
  for await (const entry of await bucket.history({ key: 'volume' })) values.push(entry.string())
  expect(values).toEqual(['2', '3', '4'])
  await expect(restore.swap(loaded)).rejects.toMatchObject({ code: 'no_swap' })
  await expect(restore.drop(loaded.target, ['KV_settings'])).rejects.toMatchObject({ code: 'not_beside' })
  await restore.drop(loaded.target, ['KV_settings_1'])
})

test('a stream that is there is not touched, and one that is torn leaves nothing', async () => {
  const { folder } = await dumped()
  const restore = await loader()
  await expect(restore.load(folder, { suffix: '' }, { only: ['QUEUE'] })).rejects.toMatchObject({ code: 'not_beside' })
  const file = join(folder, 'nats', 'streams', 'ORDERS.jsonl')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  writeFileSync(file, lines.slice(0, -1).join('\n'))
  await expect(restore.load(folder, { suffix: '_torn' }, { only: ['ORDERS'] })).rejects.toMatchObject({ code: 'bad_stream_file' })
  const names: string[] = []
  for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name)
  expect(names.sort()).toEqual(['KV_settings', 'ORDERS', 'QUEUE'])
})

test('a stream that is not there is named', async () => {
  const source = await createSource(sourceSchema.parse({ kind: 'nats', servers: [server.url], streams: ['NONE'] }))
  await expect(source.open(sourceContext())).rejects.toMatchObject({ code: 'no_source', message: expect.stringContaining('ORDERS') })
})
