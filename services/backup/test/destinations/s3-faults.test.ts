import { randomBytes } from 'node:crypto'
import { s3Obstacle, startS3, type S3Server } from '@nightshift/test-servers/s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RetryingStore } from '../../src/destinations/retrying-store.ts'
import { S3Store } from '../../src/destinations/s3/s3-store.ts'
import { startFaultProxy, type Fault, type FaultProxy } from './fault-proxy.ts'
import { makeBucket, s3Config } from './s3-bed.ts'
import { fileFor, listed, put } from './store-conformance.ts'

const obstacle = s3Obstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: faults between us and a real S3 server: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('with faults on the way to a real S3 server', () => {
  let server: S3Server
  let proxy: FaultProxy
  let direct: S3Store
  let bare: S3Store
  let store: RetryingStore

  beforeAll(async () => {
    server = await startS3()
    await makeBucket(server)
    direct = new S3Store(s3Config(server))
    await put(direct, 'key', Buffer.from('the first write is slow'))
  }, 60_000)

  afterAll(async () => {
    await direct?.close()
    await server?.stop()
  })

  beforeEach(async () => {
    proxy = await startFaultProxy(server.endpoint)
    bare = new S3Store(s3Config(server, { endpoint: proxy.endpoint, timeout: '1s' }))
    store = new RetryingStore(bare, { attempts: 4, firstWaitMs: 10 })
  })

  afterEach(async () => {
    await bare.close()
    await proxy.stop()
  })

  const plan = (method: string, ...faults: Fault[]): void => void proxy.planned.push(...faults.map((fault) => ({ method, fault })))

  it('stores all the same after 500, 503, 429, silence, and an answer that was lost', async () => {
    const bytes = randomBytes(2_000_000)
    plan(
      'PUT',
      { kind: 'status', status: 500 },
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429 },
      { kind: 'silence' },
      { kind: 'lost' },
    )
    const file = await put(store, 'data', bytes)
    expect(proxy.planned).toEqual([])
    expect(await direct.read(file)).toEqual(bytes)
    expect((await listed(direct, 'data')).filter(({ id }) => id === file.id)).toHaveLength(1)
  }, 30_000)

  it('reads all the same after bodies that were cut, stalled or too late', async () => {
    const bytes = randomBytes(3_000_000)
    const file = await put(direct, 'data', bytes)
    plan('GET', { kind: 'cut', afterBytes: 1_000_000 }, { kind: 'stall', afterBytes: 2_999_999 }, { kind: 'status', status: 503 })
    expect((await store.read(file)).equals(bytes)).toBe(true)
    plan('GET', { kind: 'cut', afterBytes: 0 })
    expect(await store.read(file, { offset: 1_500_000, lengthBytes: 1000 })).toEqual(bytes.subarray(1_500_000, 1_501_000))
    expect(proxy.planned).toEqual([])
  }, 30_000)

  it('gives each file of a listing once, although a page of it failed', async () => {
    for (let index = 0; index < 7; index++) await put(direct, 'snapshot', Buffer.from(`snapshot ${index}`))
    const paged = new S3Store(s3Config(server, { endpoint: proxy.endpoint, timeout: '1s' }), { pageSize: 3 })
    plan('GET', { kind: 'cut', afterBytes: 100 }, { kind: 'status', status: 500 })
    expect(await listed(new RetryingStore(paged, { firstWaitMs: 10 }), 'snapshot')).toEqual(await listed(direct, 'snapshot'))
    await paged.close()
  }, 30_000)

  it('says that the server is away when it stays so, within a bound', async () => {
    const file = fileFor('data', Buffer.from('x'))
    plan('PUT', ...Array.from({ length: 20 }, (): Fault => ({ kind: 'status', status: 503 })))
    const started = performance.now()
    await expect(store.write(file, Buffer.from('x'))).rejects.toMatchObject({ code: 'store_unreachable', transient: true })
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(await direct.sizeOf(file)).toBeUndefined()
  }, 30_000)

  it('asks for the class, the encryption and the retention of the configuration', async () => {
    const lock = { mode: 'compliance', retain: '2d' }
    const changes = { endpoint: proxy.endpoint, storage_class: 'STANDARD_IA', encryption: 'AES256', lock }
    const choosy = new S3Store(s3Config(server, changes), { clock: { now: () => Date.UTC(2026, 0, 1), monotonicMs: () => 0 } })
    // This server has none of it; what matters is what it is asked for.
    for (const type of ['data', 'lock'] as const) await put(choosy, type, Buffer.from(type)).catch(() => undefined)
    await choosy.close()
    const asked = proxy.seen.map(({ path, headers }) => ({
      folder: path.split('/')[2],
      conditional: headers['if-none-match'],
      class: headers['x-amz-storage-class'],
      encryption: headers['x-amz-server-side-encryption'],
      lock: headers['x-amz-object-lock-mode'],
      until: headers['x-amz-object-lock-retain-until-date'],
      hasMd5: headers['content-md5'] !== undefined,
    }))
    const always = { conditional: '*', encryption: 'AES256' }
    const retained = { class: 'STANDARD_IA', lock: 'COMPLIANCE', until: '2026-01-03T00:00:00Z', hasMd5: true }
    expect(asked.find(({ folder }) => folder === 'data')).toEqual({ folder: 'data', ...always, ...retained })
    const free = { class: undefined, lock: undefined, until: undefined, hasMd5: false }
    expect(asked.find(({ folder }) => folder === 'locks')).toEqual({ folder: 'locks', ...always, ...free })
  })

  it('says which setting is wrong, or that the bucket is full', async () => {
    const answer = (status: number, code: string): Fault => ({
      kind: 'status',
      status,
      body: `<Error><Code>${code}</Code><Message>no</Message></Error>`,
    })
    const cases: [fault: Fault, code: string, words: string][] = [
      [answer(400, 'AuthorizationHeaderMalformed'), 'store_denied', 'mend region'],
      [answer(301, 'PermanentRedirect'), 'store_denied', 'mend region'],
      [answer(403, 'QuotaExceeded'), 'store_full', 'raise its quota'],
      [answer(507, 'XMinioStorageFull'), 'store_full', 'the bucket is full'],
      [answer(403, 'ExpiredToken'), 'store_denied', 'the login has expired'],
      [answer(400, 'MalformedXML'), 'store_denied', 'does it speak S3'],
    ]
    for (const [fault, code, words] of cases) {
      plan('PUT', ...Array.from({ length: 3 }, () => fault))
      const error = expect.objectContaining({ code, message: expect.stringContaining(words), transient: false })
      await expect(put(store, 'data', randomBytes(10))).rejects.toEqual(error)
      proxy.planned.length = 0
    }
  }, 30_000)

  it('ends at once when it is told to, in the middle of a silence', async () => {
    plan('GET', { kind: 'silence' })
    const started = performance.now()
    const reading = store.read(fileFor('data', Buffer.from('x')), { signal: AbortSignal.timeout(200) })
    await expect(reading).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(performance.now() - started).toBeLessThan(900)
  })

  it('works with a server that has no conditional writes, and still replaces nothing', async () => {
    plan('PUT', { kind: 'status', status: 501 })
    const bytes = randomBytes(1000)
    const file = await put(bare, 'data', bytes)
    await expect(bare.write(file, randomBytes(1000))).rejects.toMatchObject({ code: 'store_conflict' })
    await bare.write(file, bytes)
    expect(await direct.read(file)).toEqual(bytes)
  })

  it('waits for a server that does not answer for a while', async () => {
    const bytes = randomBytes(1_000_000)
    const patient = new RetryingStore(new S3Store(s3Config(server, { timeout: '1s' })), { firstWaitMs: 100, maxWaitMs: 1000 })
    await server.kill('SIGSTOP')
    setTimeout(() => void server.kill('SIGCONT'), 2500)
    const file = await put(patient, 'index', bytes)
    expect(await direct.read(file)).toEqual(bytes)
    await patient.close()
  }, 30_000)
})
