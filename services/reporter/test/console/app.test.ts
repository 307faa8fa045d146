import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { health } from '../fixture-events.ts'
import { fleetWith } from '../fleet/fleet-with.ts'
import { startConsole, type ConsoleServer } from './console-server.ts'

let server: ConsoleServer

beforeAll(async () => {
  server = await startConsole({
    title: '<b>Nacht & "Schicht"</b>',
    allowedHosts: ['ops.example.com'],
    fleet: fleetWith([health('web-1', 'web', 'failing', 'ok')]),
  })
})
afterAll(() => server.stop())

/** Fetch does not let a test choose its Host header. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers }).end()
  const [response] = await once(sent, 'response')
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode as number, headers: response.headers as Record<string, string>, body }
}

describe('the page', () => {
  it('comes with a strict policy on every answer, also on errors', async () => {
    for (const path of ['/', '/api/v1/state', '/assets/nothing/here', `/assets/${server.assets.hash}/main.js`]) {
      const { headers } = await get(path)
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
  })

  it('has no inline script or style, loads nothing from elsewhere, and escapes its title', async () => {
    const { status, headers, body } = await get('/')
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=UTF-8', 'cache-control': 'no-store' })
    expect(body).toContain('<title>&lt;b&gt;Nacht &amp; &quot;Schicht&quot;&lt;/b&gt;</title>')
    expect(body).not.toMatch(/<style|style=|\son\w+=|javascript:|https?:|<b>/)
    expect([...body.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, inline]) => inline)).toEqual([''])
  })

  it('serves every file that the page and its modules ask for, to be kept for ever', async () => {
    const page = (await get('/')).body
    const wanted = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
    const seen = new Set<string>()
    for (const path of wanted) {
      if (seen.has(path)) continue
      seen.add(path)
      const { status, headers, body } = await get(path)
      expect(`${path} ${status}`).toBe(`${path} 200`)
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
      const imports = path.endsWith('.js') ? [...body.matchAll(/(?:from|import) ?'([^']+)'/g)] : []
      for (const [, specifier] of imports) wanted.push(new URL(specifier ?? '', `http://x${path}`).pathname)
    }
    expect([...seen].some((path) => path.endsWith('/preact.js'))).toBe(true)
    expect(seen.size).toBeGreaterThan(15)
    expect([...server.assets.files.keys()].filter((name) => ![...seen].some((path) => path.endsWith(`/${name}`)))).toEqual(['view.js'])
  })

  it('stays small: less than 60 kB of script', () => {
    const sizes = [...server.assets.files].filter(([name]) => name.endsWith('.js')).map(([, { body }]) => body.length)
    expect(sizes.reduce((total, size) => total + size, 0)).toBeLessThan(60_000)
  })

  it('does not serve files of another build or outside of its list', async () => {
    for (const path of [
      '/assets/0000000000000000/main.js',
      `/assets/${server.assets.hash}/../../main.ts`,
      `/assets/${server.assets.hash}/%2e%2e%2fapp.ts`,
    ]) {
      expect(`${path} ${(await get(path)).status}`).toBe(`${path} 404`)
    }
  })
})

describe('the API', () => {
  it('gives the state as JSON', async () => {
    const { status, headers, body } = await get('/api/v1/state')
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    expect(JSON.parse(body)).toMatchObject({
      status: { bus: 'connected', caught_up: true },
      hosts: [{ host: 'web-1', last_seen_time: null }],
      checks: [{ host: 'web-1', check: 'web', state: 'failing' }],
      alerts: [],
      heals: [],
      agents: [],
      events: [{ text: 'Check web on web-1 is failing: connection refused', tone: 'critical' }],
    })
  })

  it('answers only its own paths, so that others can share the listener', async () => {
    for (const path of ['/livez', '/api/v1/backups', '/api/v2/state', '/alertmanager/api/v2/alerts']) {
      expect(JSON.parse((await get(path)).body)).toMatchObject({ error: 'not_found', message: `there is nothing at ${path}` })
    }
  })

  it('refuses to change anything', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await get('/api/v1/state', {}, method)
      expect(status).toBe(405)
      expect(headers['allow']).toBe('GET, HEAD')
    }
  })
})

describe('requests that a foreign web page can cause', () => {
  it('are refused under a name that is not the console', async () => {
    for (const path of ['/', '/api/v1/state', '/api/v1/stream', `/assets/${server.assets.hash}/main.js`]) {
      const { status, body } = await get(path, { host: 'evil.example:8484' })
      expect(`${path} ${status}`).toBe(`${path} 403`)
      expect(JSON.parse(body)).toMatchObject({ error: 'host_not_allowed' })
    }
    expect((await get('/api/v1/state', { host: 'ops.example.com' })).status).toBe(200)
    expect((await get('/api/v1/state', { host: `[::1]:${server.port}` })).status).toBe(200)
  })

  it('are refused when the browser says that another site asks', async () => {
    expect((await get('/api/v1/stream', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await get('/api/v1/state', { 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await get('/api/v1/state', { 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await get('/', { 'sec-fetch-site': 'cross-site' })).status).toBe(200)
  })

  it('do no harm when they are no HTTP that makes sense', async () => {
    for (const head of [
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /%00 HTTP/1.0\r\n\r\n',
    ]) {
      const socket = connect(server.port, '127.0.0.1')
      socket.end(head)
      let answer = ''
      for await (const chunk of socket) answer += String(chunk)
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/)
    }
    expect((await get('/')).status).toBe(200)
  })
})
