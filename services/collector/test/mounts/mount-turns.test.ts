import { expect, test } from 'vitest'
import { onMountOf } from '../../src/mounts/mount-turns.ts'

const forever = new AbortController().signal

test('work on one mount goes one by one, and whoever gives up loses its turn', async () => {
  const done: string[] = []
  const { promise: stuck, resolve: free } = Promise.withResolvers<void>()
  const first = onMountOf('/', forever, async () => {
    await stuck
    done.push('first')
  })
  const impatient = new AbortController()
  const second = onMountOf('/', impatient.signal, async () => done.push('second'))
  const third = onMountOf('/', forever, async () => done.push('third'))
  impatient.abort()
  await expect(second).rejects.toMatchObject({
    code: 'mount_hangs',
    message: expect.stringContaining('the file system at / does not answer'),
  })
  free()
  await Promise.all([first, third])
  expect(done).toEqual(['first', 'third'])
})

test('work that fails gives its turn to the next', async () => {
  await expect(onMountOf('/', forever, async () => await Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await onMountOf('/', forever, async () => await Promise.resolve('fine'))).toBe('fine')
})
