import { z } from 'zod'
import { isoTime } from '@nightshift/shared/clock'
import { duration } from '@nightshift/shared/config/scalars'
import type { Notification } from '../notify/notification.ts'
import { textsOf, type Texts } from '../texts/texts.ts'
import type { ChannelKind } from './channel.ts'
import { HttpPoster } from './http-poster.ts'
import { isWebAddress, webAddress } from './web-address.ts'

const schema = z
  .strictObject({
    kind: z.literal('pagerduty'),
    api_key: z
      .string()
      .regex(/^\S{1,256}$/, 'is not an integration key; it stands in the Events API v2 integration of the service')
      .describe('Integration key of an Events API v2 integration, or api_key_file'),
    url: webAddress().default('https://events.pagerduty.com/v2/enqueue').describe('Another region, or whatever speaks the Events API v2'),
    timeout: duration({ min: 100, max: 120_000 }).prefault('10s').describe('For one attempt as a whole'),
  })
  .describe('Incidents of PagerDuty, or of whatever speaks its Events API v2')

const maxSummaryLength = 1024

/** One incident there for each incident here: the id of ours is the key by which the other side knows it again, so a second copy changes nothing. */
export const pagerdutyChannel: ChannelKind<typeof schema> = {
  schema,
  open: (config, { clock, version, locale, timezone }) => {
    const poster = new HttpPoster({ url: new URL(config.url), timeoutMs: config.timeout, clock })
    const texts = textsOf(locale, timezone)
    const headers = { 'content-type': 'application/json', 'user-agent': `nightshift/${version}` }
    return {
      kind: 'pagerduty',
      send: async (notification, _attempt, signal) => {
        const body = { routing_key: config.api_key, ...eventOf(notification, texts) }
        await poster.post(Buffer.from(JSON.stringify(body)), headers, signal)
      },
      close: () => poster.close(),
    }
  },
}

function eventOf(notification: Notification, texts: Texts): object {
  const { event, message } = notification
  const { incident, occasion, firing, alerts } = message
  const action = firing === 0 ? 'resolve' : occasion === 'acked' ? 'acknowledge' : 'trigger'
  const key = { event_action: action, dedup_key: incident }
  if (action !== 'trigger') return key
  const { host, rule, started_time: startedTime, labels, runbook } = event
  return {
    ...key,
    client: 'Nightshift',
    payload: {
      summary: texts.oneLine(notification).slice(0, maxSummaryLength),
      source: host ?? 'fleet',
      severity: message.worst,
      timestamp: isoTime(Date.parse(startedTime)),
      component: labels['check'] ?? rule,
      group: notification.route,
      class: rule,
      custom_details: {
        alerts: texts.lines(notification),
        firing,
        resolved: message.resolved,
        incident,
        figures: message.figures,
        fingerprints: alerts.map(({ fingerprint }) => fingerprint),
        contacts: texts.contactsLine(notification),
        level: message.level,
        runbook,
      },
    },
    links: runbook !== null && isWebAddress(runbook) ? [{ href: runbook, text: texts.runbookWord }] : [],
  }
}
