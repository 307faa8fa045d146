import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomPolynomial } from '../../src/repository/chunker/polynomial.ts'
import { encodeConfig, parseConfig } from '../../src/repository/config-file.ts'
import type { RepositoryConfig } from '../../src/repository/config-file.ts'
import { outcomeOf } from './outcome.ts'

const good = { version: 2, id: 'ab'.repeat(32), chunker_polynomial: '34854ae4e47e41' }
const parse = (value: unknown): RepositoryConfig => parseConfig(Buffer.from(JSON.stringify(value)))

test('a config is read as it was written', () => {
  const config = { version: 2, id: good.id, polynomial: randomPolynomial() } as const
  expect(parseConfig(encodeConfig(config))).toEqual(config)
})

test('a config of a later version is told apart from a damaged one', () => {
  expect(() => parse({ ...good, version: 3 })).toThrow(expect.objectContaining({ code: 'repository_version' }))
  for (const damaged of [
    { ...good, id: 'ab' },
    { ...good, chunker_polynomial: '34854ae4e47e40' },
    { ...good, chunker_polynomial: '7' },
    { ...good, chunker_polynomial: 'f'.repeat(100_000) },
    { ...good, chunker_polynomial: 5 },
  ])
    expect(() => parse(damaged)).toThrow(expect.objectContaining({ code: 'config_damaged' }))
})

test('whatever a config holds, it is refused by a code and in no time', () => {
  const mutated = fc
    .tuple(fc.constantFrom('version', 'id', 'chunker_polynomial'), fc.jsonValue())
    .map(([name, value]) => ({ ...good, [name]: value }))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.jsonValue()), (value) => {
      expect([1, 2, undefined]).toContain(outcomeOf(() => parse(value))?.version)
    }),
    { numRuns: 500 },
  )
  expect(() => parseConfig(Buffer.from('{'))).toThrow(expect.objectContaining({ code: 'config_damaged' }))
})
