import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { startDeadline } from '../src/deadline.ts'

test('a run that is over leaves nothing behind on the signal that outlives it', () => {
  const stopping = new AbortController()
  for (let run = 0; run < 100; run++) {
    const deadline = startDeadline(60_000, stopping.signal)
    deadline.signal.addEventListener('abort', () => undefined)
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(1)
    deadline.end()
  }
  expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(0)
})

test('a run ends when all is to stop, before it began too, and when its time is up', async () => {
  const stopping = new AbortController()
  const running = startDeadline(60_000, stopping.signal)
  stopping.abort(new Error('enough'))
  expect(running.signal.reason).toMatchObject({ message: 'enough' })
  running.end()
  const late = startDeadline(60_000, stopping.signal)
  expect(late.signal.aborted).toBe(true)
  late.end()

  let timeUps = 0
  const short = startDeadline(5, new AbortController().signal, () => timeUps++)
  await new Promise((resolve) => short.signal.addEventListener('abort', resolve))
  expect(short.signal.reason).toMatchObject({ name: 'TimeoutError' })
  expect(timeUps).toBe(1)
  short.end()
})
