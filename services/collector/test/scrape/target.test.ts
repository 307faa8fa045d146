import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { collectorConfigSchema } from '../../src/config.ts'
import { Target } from '../../src/scrape/target.ts'
import { selfSigned } from '@nightshift/test-servers/self-signed'
import { keptLog } from '../kept-log.ts'
import { servePage } from './page-server.ts'

interface Opened {
  target: Target
  lines: string[]
  scrape: (timeoutMs?: number) => Promise<boolean>
}

function open(url: string, job: object = {}): Opened {
  const config = collectorConfigSchema.parse({ scrape: { api: { url, every: '1s', ...job } } }).scrape['api']
  if (config === undefined) throw new Error('no job')
  const { log, lines } = keptLog()
  const target = new Target({ job: 'api', url: new URL(url), instance: undefined, config, clock: systemClock, log })
  onTestFinished(() => target.close())
  const scrape = async (timeoutMs = 5000): Promise<boolean> => {
    const timeUp = new AbortController()
    const timer = setTimeout(() => timeUp.abort(), timeoutMs)
    const isUp = await target.scrape(timeUp.signal, timeoutMs)
    clearTimeout(timer)
    return isUp
  }
  return { target, lines, scrape }
}

describe('a target', () => {
  it('is asked again on the connection that it kept, with what it needs to hear', async () => {
    const server = await servePage('a 1\n')
    const { target, scrape } = open(server.url, { basic_auth: { username: 'u', password: 'p:w' }, headers: { 'X-Tenant': 'one' } })
    for (let time = 0; time < 3; time++) expect(await scrape()).toBe(true)
    expect(server.connections).toBe(1)
    expect(server.requests).toHaveLength(3)
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Basic dTpwOnc=', 'x-tenant': 'one', 'user-agent': 'nightshift' })
    expect(target.items).toEqual([{ metric: 'a', value: 1 }])
    expect(target.status).toMatchObject({ up: 1, series: 1, body_bytes: 4, dropped_series: 0, bad_lines: 0 })
  })

  it('that closed the kept connection in that moment is asked once more, on a new one', async () => {
    let answers = 0
    const server = await servePage((request, response) => {
      if (++answers === 2) request.socket.destroy()
      else response.end('a 1\n')
    })
    const { scrape } = open(server.url)
    expect(await scrape()).toBe(true)
    expect(await scrape()).toBe(true)
    expect(server.connections).toBe(2)
  })

  it('may pack its page', async () => {
    const page = 'a{n="é"} 1\n'.repeat(1) + Array.from({ length: 500 }, (_, index) => `b{n="${index}"} ${index}\n`).join('')
    const server = await servePage((_request, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(page)))
    const { target, scrape } = open(server.url)
    expect(await scrape()).toBe(true)
    expect(target.items).toHaveLength(501)
    expect(target.items[0]).toEqual({ metric: 'a', n: 'é', value: 1 })
    expect(target.status.body_bytes).toBe(Buffer.byteLength(page))
  })

  it('that goes down is said once, keeps its items without values, and is said again when it is back', async () => {
    let isUp = true
    const server = await servePage((_request, response) => void response.writeHead(isUp ? 200 : 500).end('a_total 1\n'))
    const { target, scrape, lines } = open(server.url)
    await scrape()
    isUp = false
    for (let time = 0; time < 3; time++) expect(await scrape()).toBe(false)
    expect(target.items).toEqual([{ metric: 'a_total', value: null, rate_per_second: null }])
    expect(target.status).toMatchObject({ up: 0, series: null })
    isUp = true
    await scrape()
    expect(target.items).toMatchObject([{ metric: 'a_total', value: 1 }])
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      `${new URL(server.url).host} of scrape job api cannot be scraped: status 500, expected 200`,
      `${new URL(server.url).host} of scrape job api answers again`,
    ])
  })
})

it('a page of very many series costs neither memory nor the turn of others', async () => {
  const thousand = (block: number): string =>
    Array.from({ length: 1000 }, (_, index) => `many{path="/users/${block}/${index}"} ${index}\n`).join('')
  const server = await servePage((_request, response) => {
    let block = 0
    const more = (): void => {
      if (block === 200) response.end()
      else if (response.write(thousand(block++))) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  const { target, scrape, lines } = open(server.url, { max_bytes: '64MiB' })
  const heapBytes = process.memoryUsage().heapUsed
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  expect(await scrape(30_000)).toBe(true)
  clearInterval(timer)
  expect(target.status).toMatchObject({ series: 2000, dropped_series: 198_000, bad_lines: 0 })
  expect(turns).toBeGreaterThan(10)
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(64 * 1024 * 1024)
  expect(lines.join()).toContain(
    'has more than 2000 series: 198000 samples are left out; allow fewer, keep fewer labels, or raise max_series',
  )
})

describe('what is no page of metrics is refused in words', () => {
  const complaint = async (opened: Opened, timeoutMs?: number): Promise<string> => {
    expect(await opened.scrape(timeoutMs)).toBe(false)
    return opened.lines.join('\n')
  }

  it.each<[string, number, Record<string, string>, string, string]>([
    [
      'a web page',
      200,
      { 'content-type': 'text/html; charset=utf-8' },
      '<html>',
      'the answer is a web page, not metrics; is the path right?',
    ],
    ['JSON', 200, { 'content-type': 'application/json' }, '{}', 'set format: json and say under values what to read'],
    ['a redirect', 302, { location: '/login?token=s3cret' }, '', '/login: write that address, redirects are not followed'],
    ['a refusal', 401, {}, '', 'status 401: give basic_auth, bearer_token or a header that it accepts'],
    ['a wrong path', 404, {}, '', 'there is nothing at /metrics; is the path right?'],
    ['a foreign packing', 200, { 'content-encoding': 'br' }, 'x', 'the page is packed as br, which was not asked for'],
    ['a broken packing', 200, { 'content-encoding': 'gzip' }, 'no gzip at all', 'the page says it is packed by gzip, and is not'],
    ['a page that is cut short', 200, { 'content-type': 'application/openmetrics-text; version=1.0.0' }, 'a 1\n', 'does not end with'],
  ])('%s', async (_what, status, headers, body, expected) => {
    const server = await servePage((_request, response) => void response.writeHead(status, headers).end(body))
    const said = await complaint(open(server.url))
    expect(said).toContain(expected)
    expect(said).not.toContain('s3cret')
  })

  it('a page that is too large, also when it is small on the way', async () => {
    const server = await servePage(
      (_request, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync('a 1\n'.repeat(1_000_000))),
    )
    const opened = open(server.url, { max_bytes: '1MiB' })
    expect(await complaint(opened)).toContain('the page is larger than 1 MiB')
    expect(await opened.scrape()).toBe(false)
    expect(opened.lines).toHaveLength(1)
  })

  it('a page without end', async () => {
    const server = await servePage((_request, response) => {
      const more = (): void => void (response.write('endless 1\n'.repeat(1000)) ? setImmediate(more) : response.once('drain', more))
      more()
    })
    expect(await complaint(open(server.url, { max_bytes: '256KiB' }))).toContain('the page is larger than 262144 bytes')
  })

  it('a page that drips', async () => {
    const server = await servePage((_request, response) => void response.write('a 1\n'))
    expect(await complaint(open(server.url), 100)).toContain('but no complete answer within 100ms')
  })

  it('a server that is not there, or does not speak HTTP', async () => {
    const server = await servePage('')
    await server.stop()
    expect(await complaint(open(server.url))).toContain('connection refused: nothing listens on 127.0.0.1:')
    const noise = createServer((socket) => socket.end('SSH-2.0-x\r\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void noise.close())
    await once(noise, 'listening')
    expect(await complaint(open(`http://127.0.0.1:${(noise.address() as AddressInfo).port}/`))).toContain('does not answer in HTTP')
  })
})

describe('a target over TLS', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'nightshift-scrape-'))
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
    return path
  }

  it('is believed by the certificate of the config, or without one when told so, and not else', async () => {
    const pair = selfSigned()
    const ca_file = join(folder(), 'ca.pem')
    writeFileSync(ca_file, pair.cert)
    const server = await servePage('a 1\n', pair)
    expect(await open(server.url, { tls: { ca_file } }).scrape()).toBe(true)
    expect(await open(server.url, { tls: { insecure: true } }).scrape()).toBe(true)
    const distrusted = open(server.url)
    expect(await distrusted.scrape()).toBe(false)
    expect(distrusted.lines.join()).toContain('self-signed')
    const misnamed = open(server.url, { tls: { ca_file, server_name: 'other.example' } })
    expect(await misnamed.scrape()).toBe(false)
    expect(misnamed.lines.join()).toContain('is for another name')
  })

  it('sees our certificate, and the next one as soon as the files change', async () => {
    const [server, first, second] = [selfSigned(), selfSigned(), selfSigned()]
    const path = folder()
    const write = (pair: { cert: string; key: string }): void => {
      writeFileSync(join(path, 'cert.pem'), pair.cert)
      writeFileSync(join(path, 'key.pem'), pair.key)
    }
    const page = await servePage('a 1\n', { ...server, ca: second.cert, requestCert: true })
    const tls = { insecure: true, cert_file: join(path, 'cert.pem'), key_file: join(path, 'key.pem') }
    const opened = open(page.url, { tls })
    expect(await opened.scrape()).toBe(false)
    expect(opened.lines.join()).toContain('cannot read the cert_file')
    write(first)
    expect(await opened.scrape()).toBe(false)
    write({ ...second, cert: `${second.cert}\n` })
    expect(await opened.scrape()).toBe(true)
    expect(await opened.scrape()).toBe(true)
  })
})
