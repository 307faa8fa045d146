import { expect, test } from 'vitest'
import { sharedLookup } from '../../src/checks/shared-lookup.ts'

const lookup = (name: string, all: boolean): Promise<unknown> =>
  new Promise((resolve) => sharedLookup(name, { all }, (error, addresses, family) => resolve(error?.code ?? [addresses, family])))

test('everybody who asks for a name at one time gets the answer, in the form that was asked for', async () => {
  const [list, single] = await Promise.all([lookup('localhost', true), lookup('localhost', false)])
  expect(list).toMatchObject([expect.arrayContaining([{ address: '127.0.0.1', family: 4 }]), undefined])
  expect(single).toMatchObject([expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/), expect.any(Number)])
})

test('a name that nobody has is an error for all who asked', async () => {
  const answers = await Promise.all([lookup('no-such-host.invalid', true), lookup('no-such-host.invalid', false)])
  expect(answers.every((answer) => answer === 'ENOTFOUND' || answer === 'EAI_AGAIN')).toBe(true)
})
