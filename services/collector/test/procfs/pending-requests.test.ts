import { afterEach, expect, test, vi } from 'vitest'
import { untilAnswered } from '../../src/procfs/pending-requests.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('while three requests hang no other is made, so a thread is left; when one of them is answered, others are made again', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const hanging = [1, 2, 3].map(() => Promise.withResolvers<string>())
  const answers = hanging.map(({ promise }) => untilAnswered(async () => await promise))
  let made = 0
  const ask = (): Promise<string> => untilAnswered(async () => `answer ${++made}`)
  await expect(ask()).resolves.toBe('answer 1')
  vi.advanceTimersByTime(1001)
  await expect(ask()).rejects.toMatchObject({ code: 'threads_stuck', transient: true })
  expect(made).toBe(1)
  hanging[1]?.resolve('late')
  await expect(answers[1]).resolves.toBe('late')
  await expect(ask()).resolves.toBe('answer 2')
  for (const { resolve } of hanging) resolve('late')
  await Promise.all(answers)
})

test('a request that fails is answered', async () => {
  for (let attempt = 0; attempt < 5; attempt++) {
    await expect(untilAnswered(async () => await Promise.reject(new Error('EIO')))).rejects.toThrow('EIO')
  }
})
