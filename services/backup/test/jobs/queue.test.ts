import { expect, test, vi } from 'vitest'
import { RunQueue, type QueuedRun } from '../../src/jobs/queue.ts'

function slowQueue(): { queue: RunQueue; begun: QueuedRun[]; finish: () => void } {
  const begun: QueuedRun[] = []
  let done = Promise.withResolvers<void>()
  const queue = new RunQueue(async (run) => {
    begun.push(run)
    await done.promise
  })
  const finish = (): void => {
    const before = done
    done = Promise.withResolvers<void>()
    before.resolve()
  }
  return { queue, begun, finish }
}

test('runs go one after the other, in the order in which they came', async () => {
  const { queue, begun, finish } = slowQueue()
  for (const job of ['a', 'b', 'c']) queue.add(job, `run-${job}`, 'schedule')
  expect(begun.map(({ job }) => job)).toEqual(['a'])
  expect(queue.length).toBe(3)
  finish()
  await vi.waitFor(() => expect(begun.map(({ job }) => job)).toEqual(['a', 'b']))
})

test('a job waits at most once, and whoever asks again gets the run that is there', () => {
  const { queue } = slowQueue()
  queue.add('a', 'first', 'schedule')
  expect(queue.add('a', 'second', 'request')).toMatchObject({ isNew: false, run: { run: 'first' } })
  queue.add('b', 'third', 'change')
  expect(queue.add('b', 'fourth', 'request')).toMatchObject({ isNew: false, run: { run: 'third', trigger: 'change' } })
  expect(queue.length).toBe(2)
})

test('a run is cancelled by its job or its id, also while it waits, and says why', () => {
  const { queue, begun } = slowQueue()
  queue.add('a', 'first', 'schedule')
  const { run: waiting } = queue.add('b', 'second', 'schedule')
  expect(queue.cancel('second', new Error('enough'))).toBe(true)
  expect(waiting.signal.reason).toMatchObject({ message: 'enough' })
  expect(queue.cancel('a', new Error('enough'))).toBe(true)
  expect(begun[0]?.signal.aborted).toBe(true)
  expect(queue.cancel('c', new Error('enough'))).toBe(false)
})

test('closing drops what waits, ends what is under way, waits for its end and takes nothing more', async () => {
  const { queue, begun, finish } = slowQueue()
  queue.add('a', 'first', 'schedule')
  queue.add('b', 'second', 'schedule')
  let isClosed = false
  const closing = queue.close(new Error('stop')).then(() => (isClosed = true))
  expect(begun[0]?.signal.aborted).toBe(true)
  await Promise.resolve()
  expect(isClosed).toBe(false)
  finish()
  await closing
  expect(begun.map(({ job }) => job)).toEqual(['a'])
  expect(() => queue.add('c', 'third', 'schedule')).toThrow(expect.objectContaining({ code: 'stopping', transient: true }))
})
