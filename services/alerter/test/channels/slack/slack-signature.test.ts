import { describe, expect, it } from 'vitest'
import { isSignedBySlack } from '../../../src/channels/slack/slack-signature.ts'

/** The example of https://docs.slack.dev/authentication/verifying-requests-from-slack */
const secret = '8f742231b10e8888abcd99yyyzzz85a5'
const timestamp = '1531420618'
const body = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
)
const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'
const nowMs = 1_531_420_618_000

describe('the signature of Slack', () => {
  it('is that of its documentation', () => {
    expect(isSignedBySlack(secret, { body, timestamp, signature }, nowMs)).toBe(true)
  })

  it('counts for five minutes, both ways', () => {
    const at = (offsetSeconds: number) => isSignedBySlack(secret, { body, timestamp, signature }, nowMs + offsetSeconds * 1000)
    expect([-301, -300, 300, 301].map(at)).toEqual([false, true, true, false])
  })

  it.each([
    { secret: 'another', body, timestamp, signature },
    { secret, body: Buffer.concat([body, Buffer.from(' ')]), timestamp, signature },
    { secret, body, timestamp: '1531420619', signature },
    { secret, body, timestamp: '1531420618.0', signature },
    { secret, body, timestamp, signature: signature.replace('v0', 'v1') },
    { secret, body, timestamp, signature: signature.slice(0, -1) },
    { secret, body, timestamp, signature: undefined },
    { secret, body, timestamp: undefined, signature },
  ])('does not count when anything of it is different (%#)', ({ secret: used, ...signed }) => {
    expect(isSignedBySlack(used, signed, nowMs)).toBe(false)
  })
})
