import { expect, test } from 'vitest'
import { mixedChecks } from '../src/checks/mixed-checks.ts'

test('a hundred checks of many kinds are made, also where no TLS is served', () => {
  const kinds = (tls: number) => Object.values(mixedChecks({ http: 1, tcp: 2, tls, dns: 4 }, '/state.json')).map(({ kind }) => kind)
  expect(kinds(3)).toHaveLength(100)
  expect(new Set(kinds(3))).toEqual(new Set(['http', 'tcp', 'tls', 'dns', 'websocket', 'file', 'process']))
  expect(kinds(0)).toHaveLength(100)
  expect(kinds(0)).not.toContain('tls')
})
