import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { parseMail } from '@nightshift/test-servers/mail'
import { selfSigned } from '@nightshift/test-servers/self-signed'
import { startSmtp, type TestSmtp } from '@nightshift/test-servers/smtp'
import { ChannelError, type Channel } from '../../src/channels/channel.ts'
import { emailChannel } from '../../src/channels/email.ts'
import { composeMail } from '../../src/channels/email/compose.ts'
import type { Notification } from '../../src/notify/notification.ts'
import { summarize } from '../../src/notify/summary.ts'
import { textsOf } from '../../src/texts/texts.ts'
import { exampleEvent, exampleNotification } from '../example-notification.ts'
import { silentLog } from '../silent-log.ts'

const servers: TestSmtp[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function serve(options: Parameters<typeof startSmtp>[0] = {}): Promise<TestSmtp> {
  const server = await startSmtp(options)
  servers.push(server)
  return server
}

function open(server: TestSmtp, change: Record<string, unknown> = {}, locale: 'en' | 'ko' = 'en'): Channel {
  const config = emailChannel.schema.parse({
    kind: 'email',
    url: `smtp://127.0.0.1:${server.port}`,
    tls: 'never',
    from: 'Nightshift <watch@ops.example.com>',
    to: ['ops@example.com'],
    timeout: '2s',
    ...change,
  })
  return emailChannel.open(config, { log: silentLog, clock: systemClock, version: '1.2.3', locale, timezone: 'Asia/Seoul' })
}

const never = new AbortController().signal

async function failure(sending: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChannelError)) throw new Error(`expected a ChannelError, got ${String(error)}`)
  return error
}

const partOf = (raw: string, type: string): string => parseMail(raw).parts.find((part) => part.type.startsWith(type))?.text ?? ''

describe('a mail', () => {
  it('has text first and HTML last, and says that a machine wrote it', async () => {
    const server = await serve()
    await open(server).send(exampleNotification({ severity: 'critical' }), 1, never)
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'watch@ops.example.com', to: ['ops@example.com'], isEncrypted: false, user: null })
    const { headers, type, parts } = parseMail(mail?.raw ?? '')
    expect(type).toMatch(/^multipart\/alternative;/)
    expect(parts.map((part) => part.type)).toEqual(['text/plain; charset=utf-8', 'text/html; charset=utf-8'])
    expect(Object.fromEntries(headers)).toMatchObject({
      from: 'Nightshift <watch@ops.example.com>',
      to: 'ops@example.com',
      subject: '[Nightshift] cpu-high on web-1',
      'message-id': '<01jd0000000000000000000004-1-new@ops.example.com>',
      'in-reply-to': '<incident-01jd0000000000000000000004@ops.example.com>',
      references: '<incident-01jd0000000000000000000004@ops.example.com>',
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      'list-id': 'Nightshift <nightshift.ops.example.com>',
      'x-nightshift-state': 'new',
      'x-nightshift-severity': 'critical',
      'x-priority': '1 (Highest)',
    })
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(10_000)
    expect(parts[0]?.text.trimEnd()).toBe(
      [
        '🚨 Critical: cpu-high on web-1',
        '',
        '🔴 cpu.usage_ratio on web-1 is 93%, above 85% for 5m · since 2026-11-21 11:59',
        '',
        'Runbook: docs/runbooks/cpu-high.md',
        'Take it on: nightshift ack 9f86d0',
        '',
        '-- ',
        'Times are of Asia/Seoul. Sent by Nightshift.',
      ].join('\r\n'),
    )
  })

  it('keeps its subject and its conversation while the incident lasts, whatever leads it by then', async () => {
    const server = await serve()
    const channel = open(server)
    const first = exampleNotification({ severity: 'critical' })
    const worse = exampleEvent({ rule: 'disk-full', started_time: '2026-11-21T04:00:00.000Z', severity: 'critical' })
    const later: Notification = {
      ...first,
      id: `${first.message.incident}-2-changed`,
      event: worse,
      message: { ...first.message, seq: 2, occasion: 'changed', alerts: [worse, first.event], firing: 2 },
    }
    const end = exampleNotification({ rule: 'disk-full', phase: 'resolved', severity: 'critical' })
    for (const each of [first, later, end]) await channel.send(each, 1, never)
    const headers = server.mails.map(({ raw }) => parseMail(raw).headers)
    expect(new Set(headers.map((each) => each.get('subject')))).toEqual(new Set(['[Nightshift] cpu-high on web-1']))
    expect(new Set(headers.map((each) => each.get('references'))).size).toBe(1)
    expect(new Set(headers.map((each) => each.get('message-id'))).size).toBe(3)
    expect(headers.map((each) => each.get('x-nightshift-state'))).toEqual(['new', 'changed', 'resolved'])
    // Another process knows nothing of the first, and comes to the same subject by the oldest alert.
    await open(server).send(later, 1, never)
    expect(parseMail(server.mails[3]?.raw ?? '').headers.get('subject')).toBe('[Nightshift] cpu-high on web-1')
  })

  it('is Korean where people are', async () => {
    const server = await serve()
    const notification = exampleNotification({ severity: 'critical' })
    const contacts = [{ name: '김지은', role: '개발 리드', phone: '010-1234-5678', email: 'kim@example.com', slack: null }]
    const figures = { cpu_ratio: 0.93, memory_ratio: 0.881, disk_ratio: 0.71 }
    await open(server, {}, 'ko').send({ ...notification, message: { ...notification.message, contacts, level: 1, figures } }, 1, never)
    const [mail] = server.mails
    expect(mail?.to).toEqual(['ops@example.com', 'kim@example.com'])
    expect(parseMail(mail?.raw ?? '').headers.get('subject')).toBe('[Nightshift] web-1 cpu-high')
    const text = partOf(mail?.raw ?? '', 'text/plain')
    expect(text).toContain('🚨 심각: web-1 cpu-high\r\n\r\n장애 1등급\r\n담당: 김지은 (개발 리드, 010-1234-5678)\r\n')
    expect(text).toContain('🔴 web-1 CPU 사용률 93% (기준 85% 초과, 5분 지속) · 2026-11-21 11:59부터\r\n')
    expect(text).toMatch(/\[\d{4}-\d\d-\d\d \d\d:\d\d\] CPU:93% \| MEM:88% \| DISK:71%/)
    expect(partOf(mail?.raw ?? '', 'text/html')).toContain('<html lang="ko">')
  })

  it('that stands for many says how many, the worst first', async () => {
    const server = await serve()
    const many = ['web-1', 'web-2', 'web-3'].map((host, index) => {
      const each = exampleNotification({ host, severity: index === 1 ? 'critical' : 'warning', fingerprint: host, epoch: `e${index}` })
      return { ...each, group: host }
    })
    const summary = summarize(many)
    if (summary === undefined) throw new Error('nothing to say')
    await open(server).send(summary, 1, never)
    const { headers, parts } = parseMail(server.mails[0]?.raw ?? '')
    expect(headers.get('subject')).toBe('[Nightshift] Summary')
    expect(parts[0]?.text).toMatch(/^🚨 Summary: 3 firing\r\n\r\n🔴 .*\r\n🟡 .*\r\n🟡 /)
    expect(parts[0]?.text).not.toContain('nightshift ack')
  })

  it('stays below 100 KB, loads nothing from anywhere, and shows no markup that it was handed', async () => {
    const summary = `<img src="https://evil.example/pixel">${'&"<>\''.repeat(200)}`
    const alerts = Array.from({ length: 20 }, (_, index) =>
      exampleEvent({ summary, host: `web-${index}`, runbook: 'https://wiki.example/run"book', fingerprint: `0000${index}` }),
    )
    const base = exampleNotification()
    const [event = exampleEvent()] = alerts
    const notification = { ...base, event, message: { ...base.message, alerts, firing: 340 } }
    const mail = await composeMail({
      notification,
      texts: textsOf('en', 'UTC'),
      from: 'a@example.com',
      to: ['b@example.com'],
      subject: 'x',
      nowMs: Date.now(),
    })
    const html = partOf(mail.toString(), 'text/html')
    expect(Buffer.byteLength(html)).toBeLessThan(100_000)
    expect(html).not.toMatch(/<(?:img|link|script|iframe|object)\b|@import|url\(/i)
    expect(html).toContain('and 320 more')
    expect(html).toContain('prefers-color-scheme:dark')
  })

  it('cannot be given headers or markup by what hosts and checks say', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('\r\nBcc: all@example.com', '<script>', '한글\n.\n'))
    await fc.assert(
      fc.asyncProperty(text, text, text, async (summary, host, runbook) => {
        const notification = exampleNotification({ summary, host, runbook })
        const texts = textsOf('ko', 'UTC')
        const subject = `[Nightshift] ${host}`
        const mail = await composeMail({ notification, texts, from: 'a@example.com', to: ['b@example.com'], subject, nowMs: 0 })
        const { headers, parts } = parseMail(mail.toString())
        expect([...headers.keys()].toSorted()).toEqual(knownHeaders)
        const tags = [...(parts[1]?.text ?? '').matchAll(/<([a-z!/][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
        expect(tags.filter((name) => !knownTags.has(name))).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})

const knownHeaders = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'in-reply-to',
  'list-id',
  'message-id',
  'mime-version',
  'references',
  'subject',
  'to',
  'x-auto-response-suppress',
  'x-nightshift-incident',
  'x-nightshift-severity',
  'x-nightshift-state',
]
const tagNames = ['html', 'head', 'meta', 'title', 'style', 'body', 'div', 'table', 'tr', 'td', 'span', 'br', 'p', 'a', 'code']
const knownTags = new Set(['!doctype', ...tagNames.flatMap((name) => [name, `/${name}`])])

describe('a mail server that', () => {
  it.each([
    [{ at: 'connect', answer: 421, text: 'too busy' }, 'smtp_421', true],
    [{ at: 'mail', answer: 451, text: 'greylisted, come again' }, 'smtp_451', true],
    [{ at: 'mail', answer: 550, text: 'no' }, 'smtp_550', false],
    [{ at: 'data', answer: 452, text: 'disk full' }, 'smtp_452', true],
    [{ at: 'data', answer: 554, text: 'looks like spam' }, 'smtp_554', false],
    [{ at: 'rcpt', answer: 450, text: 'greylisted' }, 'recipient_deferred', true],
    [{ at: 'rcpt', answer: 550, text: 'no such user' }, 'recipient_refused', false],
    [{ at: 'connect', answer: 'cut' }, 'unreachable', true],
    [{ at: 'data', answer: 'cut' }, 'unreachable', true],
  ] as const)('does %j fails with %s, and may pass: %s', async (trouble, code, transient) => {
    const server = await serve()
    server.troubles.push(trouble)
    const channel = open(server)
    const error = await failure(channel.send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code, transient })
    expect(error.message).toContain('text' in trouble ? trouble.text : 'cannot send to 127.0.0.1')
    expect(server.mails).toHaveLength(0)
    await channel.send(exampleNotification(), 2, never)
    expect(server.mails).toHaveLength(1)
  })

  it.each(['connect', 'mail', 'data'] as const)('hangs at %s is given up', async (at) => {
    const server = await serve()
    server.troubles.push({ at, answer: 'hang' })
    const startedMs = performance.now()
    const error = await failure(open(server, { timeout: '300ms' }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'timeout', transient: true })
    expect(performance.now() - startedMs).toBeLessThan(1500)
  })

  it('hangs is left at once when the service stops', async () => {
    const server = await serve()
    server.troubles.push({ at: 'data', answer: 'hang' })
    const stop = new AbortController()
    const sending = failure(open(server, { timeout: '20s' }).send(exampleNotification(), 1, stop.signal))
    setTimeout(() => stop.abort(), 100)
    const startedMs = performance.now()
    expect((await sending).transient).toBe(true)
    expect(performance.now() - startedMs).toBeLessThan(1500)
  })

  it('hangs is not waited for when the service stopped before the mail was ready', async () => {
    const server = await serve()
    server.troubles.push({ at: 'data', answer: 'hang' })
    const startedMs = performance.now()
    const stopped = failure(open(server, { timeout: '20s' }).send(exampleNotification(), 1, AbortSignal.abort()))
    expect((await stopped).transient).toBe(true)
    expect(performance.now() - startedMs).toBeLessThan(5000)
    expect(server.mails).toEqual([])
  })

  it('is away may come back', async () => {
    const server = await serve()
    await server.stop()
    expect(await failure(open(server).send(exampleNotification(), 1, never))).toMatchObject({ code: 'unreachable', transient: true })
  })
})

describe('several recipients', () => {
  const three = { to: ['a@example.com', 'Kim <b@example.com>', 'c@example.com'] }

  it('are tried again only where the server said later', async () => {
    const server = await serve()
    const channel = open(server, three)
    server.troubles.push({ at: 'rcpt', answer: 450, text: 'greylisted', recipient: 'b@example.com' })
    const error = await failure(channel.send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'recipient_deferred', transient: true })
    await channel.send(exampleNotification(), 2, never)
    expect(server.mails.map(({ to }) => to)).toEqual([['a@example.com', 'c@example.com'], ['b@example.com']])
    const ids = server.mails.map(({ raw }) => parseMail(raw).headers.get('message-id'))
    expect(ids[0]).toBe(ids[1])
  })

  it.each(['Ops@EXAMPLE.com', 'ops@bücher.example', 'őps@example.com'])('are known again however they are written: %s', async (address) => {
    const server = await serve()
    server.troubles.push({ at: 'rcpt', answer: 550, text: 'no such user' })
    const error = await failure(open(server, { to: [address, 'b@example.com'] }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'recipient_refused', transient: false })
    expect(error.message).toContain(`refused for ${address}: 550`)
    expect(server.mails.map(({ to }) => to)).toEqual([['b@example.com']])
  })

  it('include the contacts that are called, also when the address of one is none', async () => {
    const server = await serve()
    const base = exampleNotification()
    const contact = { name: 'Kim', role: 'lead', phone: null, slack: null }
    const contacts = ['kim@example.com', 'a@example.com', 'kim at home'].map((email) => ({ ...contact, email }))
    const error = await failure(open(server, three).send({ ...base, message: { ...base.message, contacts } }, 1, never))
    expect(error.message).toMatch(/^refused for kim at home: it is not a mail address; 4 others have it/)
    expect(server.mails.map(({ to }) => to)).toEqual([['a@example.com', 'b@example.com', 'c@example.com', 'kim@example.com']])
  })

  it('are named when one is refused for good; the others have the mail', async () => {
    const server = await serve()
    const channel = open(server, three)
    server.troubles.push(
      { at: 'rcpt', answer: 550, text: 'no such user', recipient: 'a@example.com' },
      { at: 'rcpt', answer: 450, text: 'greylisted', recipient: 'c@example.com' },
    )
    expect(await failure(channel.send(exampleNotification(), 1, never))).toMatchObject({ transient: true })
    const error = await failure(channel.send(exampleNotification(), 2, never))
    expect(error).toMatchObject({ code: 'recipient_refused', transient: false })
    expect(error.message).toMatch(
      /^refused for a@example\.com: 550.*no such user; correct the address in the configuration; 2 others have it$/,
    )
    expect(server.mails.map(({ to }) => to)).toEqual([['b@example.com'], ['c@example.com']])
  })
})

describe('something else than a mail server', () => {
  it.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['one that never ends its greeting', '220-hello\r\n'.repeat(1000)],
    ['nonsense', '\u0000\u00ff\r\n\r\n250\r\n'],
  ])('(%s) is no reason to lose a mail', async (_, greeting) => {
    const server = createServer((socket) => socket.on('error', () => undefined).write(greeting))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const error = await failure(open({ port } as TestSmtp, { timeout: '500ms' }).send(exampleNotification(), 1, never))
    expect(error.transient).toBe(true)
    expect(error.message.length).toBeLessThan(300)
  })
})

describe('the way to the server', () => {
  const { cert, key } = selfSigned()
  function trusted(): string {
    const folder = mkdtempSync(join(tmpdir(), 'nightshift-email-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'ca.pem'), cert)
    return join(folder, 'ca.pem')
  }

  it('is encrypted by STARTTLS, with a login, when the certificate is one that is trusted', async () => {
    const login = { user: 'watch', password: 'pässword ✓' }
    const server = await serve({ tls: 'starttls', cert, key, login })
    const change = { tls: 'required', ca_file: trusted(), user: login.user, password: login.password }
    await open(server, change).send(exampleNotification(), 1, never)
    expect(server.mails).toMatchObject([{ isEncrypted: true, user: 'watch' }])
    const error = await failure(open(server, { ...change, password: 'wrong' }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'smtp_535', transient: false })
    expect(error.message).toMatch(/correct user and password of the channel$/)
    expect(error.message).not.toContain('wrong\n')
  })

  it('is encrypted from the first byte with smtps', async () => {
    const server = await serve({ tls: 'implicit', cert, key })
    await open(server, { url: `smtps://127.0.0.1:${server.port}`, ca_file: trusted() }).send(exampleNotification(), 1, never)
    expect(server.mails).toMatchObject([{ isEncrypted: true }])
  })

  it.each(['starttls', 'implicit'] as const)('is refused when nobody vouches for the certificate (%s)', async (tls) => {
    const server = await serve({ tls, cert, key })
    const url = `${tls === 'implicit' ? 'smtps' : 'smtp'}://127.0.0.1:${server.port}`
    const error = await failure(open(server, { url, tls: 'required' }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'tls_untrusted', transient: false })
    expect(error.message).toContain('ca_file')
    expect(server.mails).toHaveLength(0)
  })

  it('is not taken without encryption unless the configuration allows it', async () => {
    const server = await serve()
    const error = await failure(open(server, { tls: 'required' }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'no_starttls', transient: false })
    expect(server.mails).toHaveLength(0)
    await open(server, { tls: 'optional' }).send(exampleNotification(), 1, never)
    expect(server.mails).toHaveLength(1)
  })

  it('says which file of certificates cannot be read', async () => {
    const server = await serve({ tls: 'starttls', cert, key })
    const error = await failure(open(server, { tls: 'required', ca_file: '/nowhere/ca.pem' }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'ca_file', transient: false })
  })
})
