import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Transitions } from '../src/transitions.ts'

const web = { host: 'web-1', check: 'web' }

it('a check waits until what followed from its last transition is through, also when that failed, and other checks do not', async () => {
  const transitions = new Transitions()
  const seen: string[] = []
  const { promise: stored, reject } = Promise.withResolvers<void>()
  const first = transitions.during(web, async () => await stored)
  const next = transitions.through(web).then(() => seen.push('the same check'))
  await transitions.through({ ...web, check: 'api' }).then(() => seen.push('another check'))
  await transitions.through({ ...web, host: 'web-2' }).then(() => seen.push('another host'))
  await sleep(10)
  expect(seen).toEqual(['another check', 'another host'])
  reject(new Error('the lease is lost'))
  await expect(first).rejects.toThrow('the lease is lost')
  await next
  expect(seen.at(-1)).toBe('the same check')
  await transitions.through(web)
})
