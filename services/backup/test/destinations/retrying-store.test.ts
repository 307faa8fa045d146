import { expect, it } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { RetryingStore } from '../../src/destinations/retrying-store.ts'
import { storeError } from '../../src/destinations/store-error.ts'
import { FaultStore } from './fault-store.ts'
import { fileFor, listed, put } from './store-conformance.ts'

function open(attempts = 5): { faulty: FaultStore; memory: MemoryStore; store: RetryingStore; waits: number[] } {
  const memory = new MemoryStore()
  const faulty = new FaultStore(memory)
  const waits: number[] = []
  const wait = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted()
    waits.push(ms)
  }
  return { faulty, memory, waits, store: new RetryingStore(faulty, { attempts, firstWaitMs: 100, maxWaitMs: 300, wait }) }
}

it('tries again what failed for the moment, after longer and longer waits', async () => {
  const { faulty, memory, store, waits } = open()
  faulty.plan({ operation: 'write', times: 4 })
  const file = await put(store, 'data', Buffer.from('a pack'))
  expect((await memory.read(file)).toString()).toBe('a pack')
  expect(waits).toHaveLength(4)
  for (const [index, longestMs] of [100, 200, 300, 300].entries()) {
    expect(waits[index]).toBeLessThanOrEqual(longestMs)
    expect(waits[index]).toBeGreaterThanOrEqual(longestMs / 2)
  }
})

it('gives up after so many attempts, and says why', async () => {
  const { faulty, store, waits } = open()
  faulty.isAway = true
  await expect(store.sizeOf(fileFor('data', Buffer.from('x')))).rejects.toMatchObject({ code: 'store_unreachable' })
  expect(waits).toHaveLength(4)
})

it('does not try again what will never work', async () => {
  const { faulty, store, waits } = open()
  faulty.plan({ operation: 'write', error: storeError('store_full', 'full') })
  await expect(put(store, 'data', Buffer.from('x'))).rejects.toMatchObject({ code: 'store_full' })
  await expect(store.read(fileFor('data', Buffer.from('never')))).rejects.toMatchObject({ code: 'store_missing_file' })
  expect(waits).toEqual([])
})

it('takes a write whose answer was lost for done, and cut reads for not', async () => {
  const { faulty, store, waits } = open()
  faulty.plan({ operation: 'write', isCut: true }, { operation: 'read', type: 'data', isCut: true, times: 2 })
  const file = await put(store, 'data', Buffer.from('a pack'))
  expect((await store.read(file)).toString()).toBe('a pack')
  expect(waits).toHaveLength(3)
})

it('lists all or nothing', async () => {
  const { faulty, store } = open(2)
  await put(store, 'data', Buffer.from('one'))
  await put(store, 'data', Buffer.from('two'))
  faulty.plan({ operation: 'list' })
  expect(await listed(store, 'data')).toHaveLength(2)
  faulty.plan({ operation: 'list', times: 2 })
  await expect(listed(store, 'data')).rejects.toMatchObject({ code: 'store_unreachable' })
})

it('stops waiting when it is told to', async () => {
  const faulty = new FaultStore(new MemoryStore())
  faulty.isAway = true
  const store = new RetryingStore(faulty, { firstWaitMs: 60_000, maxWaitMs: 60_000 })
  const started = performance.now()
  const controller = new AbortController()
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason), 50)
  await expect(store.create(controller.signal)).rejects.toBe(reason)
  expect(performance.now() - started).toBeLessThan(5000)
})
