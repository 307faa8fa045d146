import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EndpointName } from '../../../../src/logs/analysis/requests/endpoint-name.ts'

const name = new EndpointName()

function nameOf(method: string, path: string): string {
  const bytes = Buffer.from(`${method} ${path}`)
  const at = Buffer.byteLength(method) + 1
  name.write(bytes, 0, at - 1, bytes, at, bytes.length)
  return name.bytes.toString('utf8', 0, name.length)
}

test.each([
  ['GET', '/users/123/orders?page=2', 'GET /users/:id/orders'],
  ['GET', '/users/550e8400-e29b-41d4-a716-446655440000', 'GET /users/:id'],
  ['GET', '/commits/da39a3ee5e6b4b0d3255bfef95601890afd80709/diff', 'GET /commits/:id/diff'],
  ['POST', '/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'POST /reset/:id'],
  ['GET', '/files/report-2025-10-21.pdf', 'GET /files/:id'],
  ['GET', '/api/v1/templates', 'GET /api/v1/templates'],
  ['GET', '/users/a.b@example.com', 'GET /users/:email'],
  ['GET', '/users/a%40example.com/x', 'GET /users/:email/x'],
  ['GET', 'http://proxy.example.com/a/1#top', 'GET /a/:id'],
  ['GET', '/', 'GET /'],
  ['GET', '/한글/목록', 'GET /한글/목록'],
  ['', '/x', '/x'],
  ['GET', '*', 'GET (malformed)'],
  ['\\x16\\x03', '\\x01', '(malformed)'],
])('%s %s is the endpoint %s', (method, path, expected) => {
  expect(nameOf(method, path)).toBe(expected)
})

test('any path has a name of bounded length, and the query is never in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (path) => {
      const named = nameOf('GET', `/${path}?secret=1`)
      expect(Buffer.byteLength(named)).toBeLessThanOrEqual(400)
      expect(named).not.toContain('?secret')
    }),
  )
  expect(nameOf('GET', `/${'a/'.repeat(1000)}`)).toBe(`GET ${'/a'.repeat(12)}/...`)
})
