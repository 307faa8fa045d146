import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { collectorConfigSchema } from '../../src/config.ts'
import { runCheck } from './run-check.ts'

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const problems = (keys: object): string =>
  JSON.stringify(
    collectorConfigSchema.safeParse({ checks: { it: { kind: 'http', url: 'http://127.0.0.1/', ...keys } } }).error?.issues ?? [],
  )

test('a user with a password, or a token, is sent, and never shown', async () => {
  const url = await serve(({ headers }, response) =>
    response.writeHead(headers.authorization === 'Bearer t0p-s3cret' ? 200 : 401).end(headers.authorization),
  )
  const basic = await runCheck('http', {
    url,
    auth: { username: 'alice', password: 's3cret:1' },
    expect_status: 401,
    contains: 'Basic YWxpY2U6czNjcmV0OjE=',
  })
  expect(basic).toMatchObject({ ok: true })
  expect(await runCheck('http', { url, auth: { bearer_token: 't0p-s3cret' } })).toMatchObject({ ok: true })
  const refused = await runCheck('http', { url, auth: { bearer_token: 'other-s3cret' } })
  expect(refused.error).toBe('status 401, expected 200-399: look at `auth` of this check')
  expect(JSON.stringify([basic, refused])).not.toMatch(/s3cret|Bearer/)
})

test('the answer is judged by text, pattern and JSON', async () => {
  const url = await serve((_, response) => response.end('{"status":"degraded","db":{"ms":480}}'))
  expect((await runCheck('http', { url, not_contains: 'degraded' })).error).toBe('the answer contains "degraded"')
  expect((await runCheck('http', { url, matches: '"ms":\\d{1,2}[^\\d]' })).error).toContain('the answer does not match')
  expect((await runCheck('http', { url, json: { path: 'status', equals: 'up' } })).error).toBe(
    'in the answer, status is "degraded", expected "up"',
  )
  expect((await runCheck('http', { url, json: [{ path: 'status' }, { path: 'db.ms', max: 200 }] })).error).toBe(
    'in the answer, db.ms is 480, more than 200',
  )
  expect(await runCheck('http', { url, json: { path: '$.db.ms', min: 1, max: 500 } })).toMatchObject({ ok: true })
})

test('headers of the answer are judged, and their values not shown', async () => {
  const url = await serve((_, response) =>
    response.setHeader('set-cookie', ['sid=s3cret', 'b=2']).setHeader('content-type', 'text/plain').end(),
  )
  const error = async (wanted: object) => (await runCheck('http', { url, expect_headers: wanted })).error
  expect(await error({ 'Content-Type': 'text/plain', 'set-cookie': { matches: '^b=\\d$' }, 'x-powered-by': { present: false } })).toBeNull()
  expect(await error({ 'Content-Type': 'application/json' })).toBe('the header content-type is not "application/json"')
  expect(await error({ 'strict-transport-security': {} })).toBe('the header strict-transport-security is missing')
  expect(await error({ 'set-cookie': { contains: 'none' } })).toBe('the header set-cookie does not contain "none"')
  expect(await error({ 'set-cookie': { present: false } })).toBe('the header set-cookie is sent, but must not be')
})

test('a name is resolved to the address that is given', async () => {
  const { port } = new URL(await serve(({ headers }, response) => response.end(headers.host)))
  expect(await runCheck('http', { url: `http://shop.invalid:${port}/`, resolve: '127.0.0.1', contains: 'shop.invalid' })).toMatchObject({
    ok: true,
  })
})

test('a wrong section is refused where it is wrong', () => {
  expect(problems({ matches: '(' })).toContain('is no regular expression')
  expect(problems({ json: { path: 'a[*]', equals: 1 } })).toContain('is no path')
  expect(problems({ auth: { bearer_token: 'x' }, headers: { AUTHORIZATION: 'y' } })).toContain('keep one of them')
  expect(problems({ auth: { username: 'x' } })).toContain('give username and password')
  expect(problems({ resolve: 'localhost' })).toContain('write the address')
})
