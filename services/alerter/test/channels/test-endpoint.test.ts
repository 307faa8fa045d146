import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rpcSubject } from '@nightshift/shared/subjects'
import { parseMail } from '@nightshift/test-servers/mail'
import { startSmtp, type TestSmtp } from '@nightshift/test-servers/smtp'
import { AlerterBed, until } from '../alerter-bed.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

let bed: AlerterBed
let receiver: Receiver
let smtp: TestSmtp
beforeEach(async () => {
  ;[bed, receiver, smtp] = await Promise.all([AlerterBed.open(), startReceiver(), startSmtp()])
})
afterEach(async () => {
  await bed.close()
  await Promise.all([receiver.stop(), smtp.stop()])
})

const channels = () => ({
  mail: { kind: 'email', url: `smtp://127.0.0.1:${smtp.port}`, tls: 'never', from: 'watch@example.com', to: ['ops@example.com'] },
  phone: { kind: 'sms', url: receiver.url, body: '{"to":"{phone}","text":"{text}"}', to: ['+821012345678'] },
  pager: { kind: 'pagerduty', url: receiver.url, api_key: 'key' },
})
const ask = <T>(request: unknown) => bed.bus.request<T>(rpcSubject('alerter', 'test-channel'), request)

describe('a test of a channel', () => {
  it('goes through the channel itself, and says what became of it', async () => {
    await bed.startWorking({ channels: channels() })
    expect(await ask({ channel: 'mail', actor: 'kim' })).toMatchObject({ ok: true, channel: 'mail', kind: 'email', error: null })
    expect(parseMail(smtp.mails[0]?.raw ?? '').parts[0]?.text).toContain('kim tests the channel mail: messages of Nightshift arrive here')
    smtp.troubles.push({ at: 'rcpt', answer: 550, text: 'no such user' })
    const failed = await ask<{ error: string }>({ channel: 'mail' })
    expect(failed).toMatchObject({ ok: false, kind: 'email' })
    expect(failed.error).toMatch(/^refused for ops@example\.com: 550 .*no such user/)
    await ask({ channel: 'phone' })
    expect(JSON.parse(receiver.last().body)).toMatchObject({ to: '+821012345678' })
    // An incident that was opened for a test does not stay open.
    await ask({ channel: 'pager' })
    const actions = receiver.requests.slice(1).map(({ body }) => (JSON.parse(body) as { event_action: string }).event_action)
    expect(actions).toEqual(['trigger', 'resolve'])
    await expect(ask({ channel: 'fax' })).rejects.toThrow(/there is no channel fax in the configuration; there are: mail, phone, pager/)
    await expect(ask({})).rejects.toThrow(/say which channel/)
  })
})

describe('what is critical', () => {
  it('is mailed, also through a server that first says later, and is told when it is over; a warning is not', async () => {
    smtp.troubles.push({ at: 'rcpt', answer: 450, text: 'greylisted, come again', times: 2 })
    await bed.startWorking({ channels: channels() })
    bed.metric('mem', { used_ratio: 0.85 })
    await bed.health('failing', 'web', 'web-1')
    await until(() => smtp.mails.length === 1)
    await bed.health('ok', 'web', 'web-1')
    await until(() => smtp.mails.length === 2)
    const headers = smtp.mails.map(({ raw }) => parseMail(raw).headers)
    expect(headers.map((each) => each.get('subject'))).toEqual(Array.from({ length: 2 }, () => '[Nightshift] check-failing on web-1'))
    expect(headers.map((each) => each.get('x-nightshift-state'))).toEqual(['new', 'resolved'])
    expect(new Set(headers.map((each) => each.get('references'))).size).toBe(1)
    await until(() => bed.notifies.filter(({ channel, outcome }) => channel === 'mail' && outcome === 'delivered').length === 2)
    expect(bed.notifies.filter(({ channel, outcome }) => channel === 'mail' && outcome === 'deferred')).toHaveLength(2)
    expect(bed.notifies.find(({ outcome }) => outcome === 'deferred')?.error).toMatch(/not taken for ops@example\.com yet: 450/)
    const told = receiver.requests.map(({ body }) => body).join('\n')
    expect(told).toContain('RESOLVED check-failing on web-1')
    expect(told).not.toContain('memory-high')
  })
})
