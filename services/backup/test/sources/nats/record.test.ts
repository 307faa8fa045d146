import fc from 'fast-check'
import { ContractError } from '@nightshift/shared/errors'
import { expect, test } from 'vitest'
import { encodeRecord, parseRecord } from '../../../src/sources/nats/record.ts'

const headers = fc.dictionary(
  fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
  fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }),
  { minKeys: 1, noNullPrototype: true },
)

function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

test('a message is read as it was written, on one line', () => {
  const message = fc.record(
    { seq: fc.nat(), subject: fc.string({ unit: 'binary' }), time: fc.string(), data: fc.base64String(), headers },
    { requiredKeys: ['seq', 'subject', 'time', 'data'], noNullPrototype: true },
  )
  fc.assert(
    fc.property(message, (record) => {
      const line = encodeRecord(record).toString('utf8')
      expect(line.indexOf('\n')).toBe(line.length - 1)
      expect(parseRecord(line)).toEqual(JSON.parse(JSON.stringify(record)))
    }),
  )
})

test('what is no line of such a file is refused by a ContractError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      expect(thrownBy(() => parseRecord(line))).toBeInstanceOf(ContractError)
    }),
  )
  expect(() => parseRecord('{"head":{"format":"nightshift-nats-stream","version":2,"config":{}}}')).toThrow(/another format or version/)
  expect(() => parseRecord('{"seq":1,"subject":"a","time":"t","data":"","headers":{"a":"b"}}')).toThrow(/no message/)
})
