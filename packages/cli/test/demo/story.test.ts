import { describe, expect, test } from 'vitest'
import type { Received } from '@nightshift/shared/events/parse'
import { isToldToTheEnd, summarize, tellStory, type Story } from '../../src/demo/story.ts'

const names = { check: 'demo-web', rule: 'demo-web-down', playbook: 'restart-demo-web', channel: 'demo-webhook' }
const brokenMs = Date.parse('2026-11-21T03:00:00.000Z')

function seen(kind: string, afterMs: number, body: object): Received {
  return { kind, subject: '', address: {}, event: { time: new Date(brokenMs + afterMs).toISOString(), ...body } } as unknown as Received
}

const chapters = [
  seen('health', 3000, { check: 'demo-web', state: 'failing' }),
  seen('alert', 3010, { rule: 'demo-web-down', phase: 'firing' }),
  seen('notify', 3020, { channel: 'demo-webhook', outcome: 'delivered' }),
  seen('heal', 3030, { playbook: 'restart-demo-web', phase: 'acting' }),
  seen('heal', 5000, { playbook: 'restart-demo-web', phase: 'recovered' }),
  seen('alert', 6000, { rule: 'demo-web-down', phase: 'resolved' }),
]
const tell = (events: Received[]): Story => events.reduce((story, event) => tellStory(story, event, names), { brokenMs } as Story)

describe('the story of the demo', () => {
  test('is told to the end when every chapter was seen, whatever their order', () => {
    expect(isToldToTheEnd(tell(chapters))).toBe(true)
    expect(isToldToTheEnd(tell(chapters.toReversed()))).toBe(true)
  })

  test.each(chapters.map((_, index) => index))('is not at its end without chapter %i, and says so', (index) => {
    const story = tell(chapters.toSpliced(index, 1))
    expect(isToldToTheEnd(story)).toBe(false)
    expect(summarize(story).filter((line) => line.endsWith('did not happen'))).toHaveLength(1)
  })

  test('other checks, rules, playbooks and channels, and what was before, are not part of it', () => {
    const others = [
      seen('health', 3000, { check: 'other', state: 'failing' }),
      seen('alert', 3000, { rule: 'other', phase: 'firing' }),
      seen('notify', 3000, { channel: 'log', outcome: 'delivered' }),
      seen('heal', 3000, { playbook: 'other', phase: 'acting' }),
      seen('alert', -5000, { rule: 'demo-web-down', phase: 'resolved' }),
    ]
    expect(tell(others)).toEqual({ brokenMs })
  })

  test('a chapter keeps the time at which it happened first', () => {
    expect(tell([...chapters, seen('alert', 9000, { rule: 'demo-web-down', phase: 'firing' })]).alertedMs).toBe(brokenMs + 3010)
  })

  test('reads as a person would tell it', () => {
    expect(summarize(tell(chapters))).toMatchInlineSnapshot(`
      [
        "  +0.00 s  the demo web app was killed",
        "  +3.00 s  its check failed three times in a row",
        "  +3.01 s  the alert fired",
        "  +3.02 s  the webhook had the message",
        "  +3.03 s  the healer started it again",
        "  +5.00 s  the check passed three times: recovered",
        "  +6.00 s  the alert resolved",
      ]
    `)
  })
})
