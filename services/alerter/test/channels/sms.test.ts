import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import { ChannelError, type Channel } from '../../src/channels/channel.ts'
import { smsChannel } from '../../src/channels/sms.ts'
import { Budget } from '../../src/channels/sms/budget.ts'
import { fillRequest } from '../../src/channels/sms/request-template.ts'
import { partsOf, shortText, sizeOf } from '../../src/channels/sms/short-text.ts'
import { occasions, type Message } from '../../src/group/group.ts'
import type { Notification } from '../../src/notify/notification.ts'
import { textsOf } from '../../src/texts/texts.ts'
import { exampleNotification } from '../example-notification.ts'
import { startReceiver, type Receiver } from '../receiver.ts'
import { silentLog } from '../silent-log.ts'

const never = new AbortController().signal
let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.stop())

function open(change: Record<string, unknown> = {}, clock: Clock = systemClock): Channel {
  const config = smsChannel.schema.parse({
    kind: 'sms',
    url: receiver.url,
    headers: { Authorization: 'Bearer {token}', 'Content-Type': 'application/json' },
    body: '{"to":"{phone}","text":"{text}","ref":"{id}"}',
    token: 's3cret',
    to: ['+82 10-1234-5678'],
    timeout: '300ms',
    ...change,
  })
  return smsChannel.open(config, { log: silentLog, clock, version: '1.2.3', locale: 'en', timezone: 'UTC' })
}

async function failure(sending: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChannelError)) throw new Error(`expected a ChannelError, got ${String(error)}`)
  return error
}

const numbered = (seq: number): Notification => ({ ...exampleNotification({ severity: 'critical' }), id: `n-${seq}` })
const phones = () => receiver.requests.map(({ body }) => (JSON.parse(body) as { to: string }).to)

describe('an sms channel', () => {
  it('fills in the request of any provider', async () => {
    await open().send(exampleNotification({ severity: 'critical' }), 1, never)
    expect(receiver.last()).toMatchObject({
      method: 'POST',
      headers: { authorization: 'Bearer s3cret', 'content-type': 'application/json' },
    })
    expect(JSON.parse(receiver.last().body)).toEqual({
      to: '+821012345678',
      text: 'CRITICAL cpu-high on web-1: cpu.usage_ratio on web-1 is 93%, above 85% for 5m #9f86d0',
      ref: '01JD0000000000000000000004-1-new',
    })
    const form = { method: 'PUT', headers: {}, body: 'to={phone}&msg={text}', token: undefined }
    await open(form).send(exampleNotification({ summary: 'a&b=c "d"' }), 1, never)
    expect(receiver.last()).toMatchObject({ method: 'PUT', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(new URLSearchParams(receiver.last().body).get('msg')).toContain('a&b=c "d"')
    const query = { method: 'GET', url: `${receiver.url}?to={phone}&text={text}`, headers: {}, body: '', token: undefined }
    await open(query).send(exampleNotification(), 1, never)
    expect(receiver.last().path).toMatch(/^\/hook\?to=%2B821012345678&text=WARNING%20cpu-high/)
  })

  it('also calls the contacts of an escalation, each number once', async () => {
    const base = exampleNotification()
    const contact = { name: 'Kim', role: 'lead', email: null, slack: null }
    const contacts = [
      { ...contact, phone: '+821012345678' },
      { ...contact, phone: '+82 2 999 0000' },
      { ...contact, phone: null },
    ]
    await open().send({ ...base, message: { ...base.message, contacts } }, 1, never)
    expect(phones()).toEqual(['+821012345678', '+8229990000'])
  })

  it('tries again only with the numbers that have nothing yet', async () => {
    const channel = open({ to: ['+8210000001', '+8210000002', '+8210000003'] })
    receiver.answers.push({ status: 200 }, { status: 429, headers: { 'retry-after': '5' } }, { status: 400, body: 'bad number' })
    const error = await failure(channel.send(numbered(1), 1, never))
    expect(error).toMatchObject({ code: 'http_429', transient: true, retryAfterMs: 5000 })
    const last = await failure(channel.send(numbered(1), 2, never))
    expect(last).toMatchObject({ code: 'recipient_refused', transient: false })
    expect(last.message).toMatch(/^refused for …0003: .* answered 400: bad number; 2 others have it$/)
    expect(phones()).toEqual(['+8210000001', '+8210000002', '+8210000003', '+8210000002'])
  })

  it('believes a 200 only when it says what it should', async () => {
    const channel = open({ expect: '"result":1' })
    receiver.answers.push({ status: 200, body: '{"result":1}' }, { status: 200, body: '{"result":-101,"message":"no credit"}' })
    await channel.send(numbered(1), 1, never)
    expect((await failure(channel.send(numbered(2), 1, never))).message).toContain('no credit')
  })

  it('never shows a whole number, the token or the path', async () => {
    receiver.answers.push({ status: 403 })
    const { message } = await failure(open({ url: `${receiver.url}/acc0unt` }).send(numbered(1), 1, never))
    expect(message).not.toMatch(/1012345678|s3cret|acc0unt/)
  })

  it('stops at the budget of the day, says so, and goes on the day after', async () => {
    let nowMs = Date.parse('2026-11-21T00:00:00Z')
    const channel = open({ daily_budget: 4 }, { now: () => nowMs, monotonicMs: () => nowMs })
    await channel.send(numbered(1), 1, never)
    const error = await failure(channel.send(numbered(2), 1, never))
    expect(error).toMatchObject({ code: 'recipient_refused', transient: false })
    expect(error.message).toMatch(/its 4 messages of this day are used up \(daily_budget\)$/)
    nowMs += 23 * 3_600_000
    for (const seq of [3, 4, 5]) await channel.send(numbered(seq), 1, never)
    await failure(channel.send(numbered(6), 1, never))
    nowMs += 2 * 3_600_000
    await channel.send(numbered(7), 1, never)
    expect(receiver.requests).toHaveLength(5)
  })

  it('does not pay for what the provider refused', async () => {
    const channel = open({ daily_budget: 4 })
    receiver.answers.push({ status: 503 })
    await failure(channel.send(numbered(1), 1, never))
    await channel.send(numbered(1), 2, never)
    expect(receiver.requests).toHaveLength(2)
  })

  it.each([
    [{ body: '{"text":"{text}"}' }, /nowhere says \{phone\}/],
    [{ token: undefined }, /\{token\} asks for it/],
    [{ to: ['Kim'] }, /not a phone number/],
    [{ url: 'ftp://sms.example.com' }, /not the address of a web server/],
  ])('is refused at load with %j', (change, message) => {
    expect(() => open(change)).toThrow(message)
  })
})

describe('a budget', () => {
  it('is never passed within any 24 hours, whatever the times', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.integer({ min: 0, max: 7_200_000 }), { maxLength: 200 }),
        (perDay, steps) => {
          const budget = new Budget(perDay, 0)
          const sent: number[] = []
          let nowMs = 0
          for (const step of steps) {
            nowMs += step
            if (budget.take('1', nowMs)) sent.push(nowMs)
          }
          for (const atMs of sent)
            expect(sent.filter((other) => other <= atMs && atMs - other < 86_400_000).length).toBeLessThanOrEqual(perDay)
          expect(sent.filter((atMs) => atMs < 3_600_000).length).toBeLessThanOrEqual(Math.ceil(perDay * (1 / 4 + 1 / 24)))
        },
      ),
    )
  })
})

describe('a short text', () => {
  const texts = { en: textsOf('en', 'UTC'), ko: textsOf('ko', 'Asia/Seoul') }

  it('is counted as a phone counts it', () => {
    expect(sizeOf('a{€')).toEqual({ units: 5, isGsm: true })
    expect(sizeOf('가a')).toEqual({ units: 2, isGsm: false })
    expect([partsOf('a'.repeat(160)), partsOf('a'.repeat(161)), partsOf('a'.repeat(306)), partsOf('a'.repeat(307))]).toEqual([1, 2, 2, 3])
    expect([partsOf('가'.repeat(70)), partsOf('가'.repeat(71)), partsOf('가'.repeat(134)), partsOf('가'.repeat(135))]).toEqual([1, 2, 2, 3])
  })

  it('fits, and keeps its beginning and the id that acknowledges it', () => {
    const long = exampleNotification({ summary: `it is “broken” 🚨 … ${'x'.repeat(300)}`, severity: 'critical' })
    const english = shortText(long, texts.en, 1)
    expect(english).toMatch(/^CRITICAL cpu-high on web-1: it is "broken" {0,2}\.\.\. x+\.\. #9f86d0$/)
    expect(sizeOf(english)).toEqual({ units: 160, isGsm: true })
    const korean = shortText(exampleNotification({ severity: 'critical' }), texts.ko, 1)
    expect(korean).toBe('심각 web-1 cpu-high: web-1 CPU 사용률 93% (기준 85% 초과, 5분 지속) #9f86d0')
    expect(partsOf(korean)).toBe(1)
  })

  it.each<[Partial<Message>, string]>([
    [{ occasion: 'resolved', firing: 0, resolved: 1 }, 'RESOLVED cpu-high on web-1: '],
    [{ occasion: 'repeated' }, 'WARNING (Still firing) cpu-high on web-1: '],
    [{ occasion: 'escalated', worst: 'critical' }, 'CRITICAL (Escalated) cpu-high on web-1: '],
    [{ occasion: 'summary', worst: 'critical', firing: 12, resolved: 3 }, 'CRITICAL 12 firing, 3 resolved: '],
  ])('with %j begins with %s', (change, beginning) => {
    const base = exampleNotification()
    const text = shortText({ ...base, message: { ...base.message, ...change } }, texts.en, 1)
    expect(text.slice(0, beginning.length)).toBe(beginning)
  })

  it('never has more parts than are paid for, nor pictures, nor line breaks', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ maxLength: 400 }), fc.constant('🚨한글{}'.repeat(80)))
    fc.assert(
      fc.property(
        text,
        text,
        fc.constantFrom(...occasions),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('en', 'ko'),
        (summary, host, occasion, maxParts, locale) => {
          const base = exampleNotification({ summary, host, severity: 'critical' })
          const short = shortText({ ...base, message: { ...base.message, occasion } }, texts[locale], maxParts)
          expect(partsOf(short)).toBeLessThanOrEqual(maxParts)
          expect(short).not.toMatch(/\p{Extended_Pictographic}|[\r\n\u0000]/u)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a filled request', () => {
  it('holds a text as a text, whatever stands in it', () => {
    const template = {
      url: 'https://sms.example.com/{id}',
      method: 'POST',
      headers: { 'x-token': '{token}' },
      body: '{"a":{"t":"{text}"}}',
    } as const
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { url, headers, body } = fillRequest(template, { phone: '1', text, id: text, token: text })
        expect(url.host).toBe('sms.example.com')
        expect(headers['x-token']).toMatch(/^[\x20-\x7e]*$/)
        expect(headers['content-type']).toBe('application/json')
        expect(JSON.parse(body.toString())).toEqual({ a: { t: text.toWellFormed() } })
      }),
    )
    const xml = { ...template, headers: { 'content-type': 'text/xml' }, body: '<t>{text}</t>' }
    expect(fillRequest(xml, { phone: '', text: '</t><x a="1">&', id: '', token: '' }).body.toString()).toBe(
      '<t>&lt;/t&gt;&lt;x a=&quot;1&quot;&gt;&amp;</t>',
    )
  })
})
