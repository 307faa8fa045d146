import { expect, test } from 'vitest'
import { drillSchema } from '../../src/drill/drill-config.ts'
import { dueMinute } from '../../src/drill/drills.ts'

const at = (text: string): number => Date.parse(text)

test('a drill is due in one minute of its days, by the clock of its zone', () => {
  const drill = drillSchema.parse({ days: ['mon'], at: '10:00', timezone: 'Asia/Seoul' })
  expect(dueMinute(drill, 'UTC', at('2026-11-23T01:00:59.999Z'))).toBe(at('2026-11-23T01:00:00.000Z'))
  expect(dueMinute(drill, 'UTC', at('2026-11-23T01:01:00.000Z'))).toBeUndefined()
  expect(dueMinute(drill, 'UTC', at('2026-11-24T01:00:30.000Z'))).toBeUndefined()
})

test('the last minute of a day is one too', () => {
  const drill = drillSchema.parse({ days: ['sat'], at: '23:59' })
  expect(dueMinute(drill, 'UTC', at('2026-11-21T23:59:10.000Z'))).toBe(at('2026-11-21T23:59:00.000Z'))
  expect(dueMinute(drill, 'UTC', at('2026-11-22T00:00:00.000Z'))).toBeUndefined()
})
