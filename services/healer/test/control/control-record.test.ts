import { expect, test } from 'vitest'
import { controlBucketSchema, holdKey } from '@nightshift/shared/control/control-record'
import { standing } from '../../src/control/control-record.ts'

const record = { active: true, reason: 'migration', actor: 'ann', until_time: null }
const now = Date.parse('2026-11-21T03:00:00.000Z')

test('an active switch says why and who', () => {
  expect(standing(record, now)).toBe('migration (ann)')
})

test('no switch, one that is off, and one whose time is over say nothing', () => {
  expect(standing(undefined, now)).toBeNull()
  expect(standing({ ...record, active: false }, now)).toBeNull()
  expect(standing({ ...record, until_time: '2026-11-21T03:00:00.000Z' }, now)).toBeNull()
  expect(standing({ ...record, until_time: '2026-11-21T03:00:00.001Z' }, now)).toBe('migration (ann)')
})

test.each([true, 'on', null, { active: 'yes' }, { ...record, until_time: 'tomorrow' }])('%j is no control record', (value) => {
  expect(() => controlBucketSchema.read(value, 1)).toThrow(expect.objectContaining({ code: 'bad_control_record' }))
})

test('the key of a hold is the token of the host', () => {
  expect(holdKey('DB1.example.com')).toBe('hold.db1_2eexample_2ecom')
})
