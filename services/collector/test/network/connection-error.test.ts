import { expect, test } from 'vitest'
import { explainConnectionError, explainTimeout, formatTarget } from '../../src/network/connection-error.ts'
import { durationText } from '../../src/duration-text.ts'

const coded = (code: string): Error => Object.assign(new Error(`raw ${code}`), { code })

test.each([
  ['ECONNREFUSED', 'connection refused: nothing listens on db:5432'],
  ['ENOTFOUND', 'no such host: DNS does not know db'],
  ['EHOSTUNREACH', 'no route to db:5432: the host is down or in another network'],
  ['CERT_HAS_EXPIRED', 'the certificate of db:5432 has expired'],
  ['HPE_INVALID_CONSTANT', 'db:5432 does not answer in HTTP'],
  ['ESOMETHING', 'cannot talk to db:5432: raw ESOMETHING'],
])('%s means "%s"', (code, text) => {
  expect(explainConnectionError(coded(code), 'db:5432')).toBe(text)
})

test('when every address of a name failed, the first failure is told', () => {
  expect(explainConnectionError(new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]), 'db:1')).toContain('connection refused')
})

test('a timeout says how far it came', () => {
  expect(explainTimeout('db:1', 5000, false)).toBe('no connection to db:1 within 5s: it is down, or a firewall drops the packets')
  expect(explainTimeout('db:1', 1500, true)).toBe('connected to db:1, but no complete answer within 1.5s')
})

test('targets and durations are written as people write them', () => {
  expect([formatTarget('::1', 80), formatTarget('[::1]', 80), formatTarget('db', '5432')]).toEqual(['[::1]:80', '[::1]:80', 'db:5432'])
  expect([durationText(250), durationText(1234), durationText(60_000)]).toEqual(['250ms', '1.23s', '60s'])
})
