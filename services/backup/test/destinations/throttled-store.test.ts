import { expect, it } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { ThrottledStore } from '../../src/destinations/throttled-store.ts'
import { put } from './store-conformance.ts'

it('keeps to its rate on average, both ways, also for files larger than a second of it', async () => {
  let nowMs = 0
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }
  const wait = async (ms: number): Promise<void> => {
    nowMs += ms
  }
  const store = new ThrottledStore(new MemoryStore(), 1_000_000, { clock, wait })
  for (let index = 0; index < 10; index++) await put(store, 'data', Buffer.alloc(2_000_000, index))
  // The first is free of waiting: the rate holds from one file to the next.
  expect(nowMs).toBe(17_000)
  const file = await put(store, 'data', Buffer.alloc(3_000_000, 'x'))
  expect(nowMs).toBe(19_000)
  await store.read(file)
  await store.read(file, { offset: 0, lengthBytes: 1_000_000 })
  expect(nowMs).toBe(25_000)
})

it('ends a wait when it is told to', async () => {
  const store = new ThrottledStore(new MemoryStore(), 1000, { clock: { now: () => 0, monotonicMs: () => 0 } })
  const bytes = Buffer.alloc(100_000)
  await put(store, 'data', bytes)
  const controller = new AbortController()
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason), 50)
  await expect(store.write({ type: 'config', id: '' }, bytes, controller.signal)).rejects.toBe(reason)
})
