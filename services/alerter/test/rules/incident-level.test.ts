import { expect, test } from 'vitest'
import { incidentLevelsSchema, targetsOf } from '../../src/rules/incident-level.ts'

test('an outage is to be taken on in 5 minutes, understood in 15, over in 30; the other levels have the targets that are set', () => {
  const levels = incidentLevelsSchema.parse({ 2: { recover: '4h' } })
  expect(targetsOf(1, levels)).toEqual({ respond_seconds: 300, cause_seconds: 900, recover_seconds: 1800 })
  expect(targetsOf(2, levels)).toEqual({ respond_seconds: null, cause_seconds: null, recover_seconds: 14_400 })
  expect([targetsOf(3, levels), targetsOf(null, levels)]).toEqual([null, null])
})
