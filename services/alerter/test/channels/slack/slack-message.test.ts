import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockProblem } from '@nightshift/test-servers/slack-blocks'
import { hookMessageOf } from '../../../src/channels/slack/slack-hook.ts'
import { slackLogLineOf, slackMessageOf } from '../../../src/channels/slack/slack-message.ts'
import { slackWordsOf } from '../../../src/channels/slack/slack-words.ts'
import { textsOf } from '../../../src/texts/texts.ts'
import { exampleEvent } from '../../example-notification.ts'
import { messageOf } from './slack-bed.ts'

const lookOf = (locale: 'en' | 'ko') => ({
  texts: textsOf(locale, 'Asia/Seoul'),
  words: slackWordsOf(locale),
  hasButtons: true,
  runbooks: 'https://git.example.com/ops/',
})
const figures = { cpu_ratio: 0.93, memory_ratio: 0.88, disk_ratio: 0.71 }
const breach = messageOf(1, { figures }, { time: '2025-10-21T00:00:00.000Z' })

describe('the texts of the users, byte for byte', () => {
  it('a breach of what a host has always lists CPU, memory and disk', () => {
    const wanted = '🚨 *서버 자원 경고*\n- CPU: 93%\n- Memory: 88%\n- Disk: 71%\n- 시각: 2025-10-21 09:00'
    expect(slackMessageOf(breach, lookOf('ko')).text).toBe(wanted)
    expect(hookMessageOf(breach, textsOf('ko', 'Asia/Seoul')).text).toBe(wanted)
  })

  it('a metric alert has its title, its four fields and its colour', () => {
    const { attachments } = hookMessageOf(messageOf(1), textsOf('ko', 'Asia/Seoul'))
    expect(attachments).toEqual([
      {
        color: 'warning',
        fallback: '🚨 cpu.usage_ratio Alert',
        title: '🚨 cpu.usage_ratio Alert',
        fields: [
          { title: 'Metric', value: 'cpu.usage_ratio', short: true },
          { title: 'Current Value', value: '93%', short: true },
          { title: 'Threshold', value: '85%', short: true },
          { title: 'Severity', value: 'warning', short: true },
        ],
        footer: 'web-1',
      },
    ])
    const critical = messageOf(1, { worst: 'critical' }, { severity: 'critical' })
    expect(hookMessageOf(critical, textsOf('en', 'UTC')).attachments[0]?.color).toBe('danger')
  })
})

describe('a message of the bot', () => {
  it('looks like this', () => {
    expect(slackMessageOf(breach, lookOf('en'))).toEqual({
      text: '🚨 *Server resource warning*\n- CPU: 93%\n- Memory: 88%\n- Disk: 71%\n- Time: 2025-10-21 09:00',
      attachments: [
        {
          color: 'warning',
          blocks: [
            {
              type: 'section',
              text: { type: 'mrkdwn', text: '*🚨 cpu.usage_ratio Alert*' },
              fields: [
                { type: 'mrkdwn', text: '*Metric*\ncpu.usage_ratio' },
                { type: 'mrkdwn', text: '*Current Value*\n93%' },
                { type: 'mrkdwn', text: '*Threshold*\n85%' },
                { type: 'mrkdwn', text: '*Severity*\nwarning' },
                { type: 'mrkdwn', text: '*Host*\nweb-1' },
              ],
            },
            { type: 'context', elements: [{ type: 'mrkdwn', text: '🕒 2026-11-21 11:59' }] },
            {
              type: 'actions',
              elements: [
                {
                  type: 'button',
                  action_id: 'nightshift_ack',
                  text: { type: 'plain_text', text: 'Ack' },
                  value: '9f86d081884c7d65',
                  style: 'primary',
                },
                {
                  type: 'button',
                  action_id: 'nightshift_silence',
                  text: { type: 'plain_text', text: 'Silence 1h' },
                  value: '9f86d081884c7d65',
                },
                {
                  type: 'button',
                  action_id: 'nightshift_runbook',
                  text: { type: 'plain_text', text: 'Runbook' },
                  url: 'https://git.example.com/ops/docs/runbooks/cpu-high.md',
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('is within the bounds of Slack, whatever an alert says', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 1000 }).map((part) => part.repeat(8))
    const alerts = fc.array(fc.record({ summary: text, host: text, rule: text, runbook: text }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(alerts, text, fc.boolean(), (changes, actor, isFiring) => {
        const events = changes.map((change, index) => exampleEvent({ ...change, fingerprint: `${index}`.padStart(64, 'f'), labels: {} }))
        const contacts = Array.from({ length: 16 }, () => ({ name: actor, role: actor, phone: actor, email: null, slack: 'U0KIM00001' }))
        const count = events.length
        const message = { alerts: events, firing: isFiring ? count : 0, resolved: isFiring ? 0 : count, contacts, level: 1 }
        const acked = { actor, time_ms: 0, until_ms: null }
        const notification = { ...messageOf(2, { ...message, acked }), event: events[0]! }
        const made = slackMessageOf(notification, lookOf('ko'))
        expect(blockProblem(made.attachments)).toBeUndefined()
        for (const each of [made.text, slackLogLineOf(notification, lookOf('en'))]) {
          expect(each.length).toBeLessThanOrEqual(4000)
          expect(each.length).toBeGreaterThan(0)
          expect(each.replaceAll('<@U0KIM00001>', '')).not.toMatch(/<|>|&(?!amp;|lt;|gt;)/)
        }
      }),
      { numRuns: 30 },
    )
  })
})
