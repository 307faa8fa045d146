import { expect, test } from 'vitest'
import { sharedLookup } from '../../src/network/shared-lookup.ts'

const lookup = (name: string, all: boolean): Promise<unknown> =>
  new Promise((resolve) => sharedLookup(name, { all }, (error, addresses, family) => resolve(error?.code ?? [addresses, family])))

test('everybody who asks for a name at one time gets the answer, in the form that was asked for', async () => {
  const [list, single] = await Promise.all([lookup('localhost', true), lookup('localhost', false)])
  expect(list).toMatchObject([expect.arrayContaining([{ address: '127.0.0.1', family: 4 }]), undefined])
  expect(single).toMatchObject([expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/), expect.any(Number)])
})

test('a name that nobody can have is an error for all who asked', async () => {
  // Too long for a label: refused without asking any server.
  const name = `${'x'.repeat(64)}.invalid`
  const answers = await Promise.all([lookup(name, true), lookup(name, false)])
  expect(answers).toEqual(['ENOTFOUND', 'ENOTFOUND'])
})
