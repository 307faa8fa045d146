import { z } from 'zod'
import type { Endpoint } from '@nightshift/shared/bus/bus'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { ContractError, describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { fingerprintOf } from '../alert/fingerprint.ts'
import type { Message } from '../group/group.ts'
import { notificationId, type Notification } from '../notify/notification.ts'
import type { Texts } from '../texts/texts.ts'
import type { Channel } from './channel.ts'

interface Parts {
  readonly channels: { find(name: string): Channel | undefined; readonly all: readonly { readonly name: string }[] }
  readonly clock: Clock
  readonly source: string
  readonly texts: Texts
}

/** What became of a test message. */
interface TestAnswer {
  readonly ok: boolean
  readonly channel: string
  readonly kind: string
  readonly latency_seconds: number
  readonly error: string | null
}

const requestSchema = z.object({ channel: z.string().min(1).max(63), actor: z.string().min(1).max(128).default('somebody') })
const longestMs = 60_000
/** There an incident stays open until it is told that it is over. */
const kindsWithIncidents: ReadonlySet<string> = new Set(['pagerduty'])

/** Sends a message through a channel as it is configured, past groups and outbox, and says what became of it. */
export function testEndpoint({ channels, clock, source, texts }: Parts): Endpoint {
  const busy = new Set<string>()
  return {
    verb: 'test-channel',
    description: 'Sends a test message: {"channel": "<name>", "actor": "<who>"}',
    handle: async (request): Promise<TestAnswer> => {
      const parsed = requestSchema.safeParse(request)
      if (!parsed.success) throw new ContractError('bad_request', 'say which channel: {"channel": "<name>"}')
      const { channel: name, actor } = parsed.data
      const channel = channels.find(name)
      if (channel === undefined) {
        const names = channels.all.map((each) => each.name).join(', ')
        throw new ContractError('unknown_channel', `there is no channel ${name} in the configuration; there are: ${names}`)
      }
      if (busy.has(name)) throw new ContractError('test_under_way', `a test of ${name} is under way; wait for its answer`)
      busy.add(name)
      const startedMs = clock.monotonicMs()
      const answer = (error: string | null): TestAnswer => {
        return { ok: error === null, channel: name, kind: channel.kind, latency_seconds: (clock.monotonicMs() - startedMs) / 1000, error }
      }
      try {
        const notification = testNotification(name, texts.testText(name, actor), source, clock.now())
        await channel.send(notification, 1, AbortSignal.timeout(longestMs))
        if (kindsWithIncidents.has(channel.kind)) await channel.send(endOf(notification), 1, AbortSignal.timeout(longestMs))
        return answer(null)
      } catch (error) {
        return answer(describeError(error))
      } finally {
        busy.delete(name)
      }
    },
  }
}

function testNotification(channel: string, summary: string, source: string, now: number): Notification {
  const id = newId(now)
  const rule = 'channel-test'
  const event = {
    v: 1,
    id,
    time: isoTime(now),
    host: null,
    source,
    correlation_id: id,
    rule,
    phase: 'firing',
    fingerprint: fingerprintOf(rule, null, { channel }),
    epoch: id,
    severity: 'info',
    labels: { channel },
    summary,
    value: null,
    threshold: null,
    started_time: isoTime(now),
    reason: null,
    runbook: null,
  } as const
  const message: Message = {
    incident: id,
    seq: 1,
    occasion: 'new',
    opened_ms: now,
    alerts: [event],
    firing: 1,
    resolved: 0,
    worst: 'info',
    figures: null,
    contacts: [],
    level: null,
    targets: null,
  }
  return { id: notificationId(message), channel, group: event.fingerprint, route: 'test', event, message }
}

function endOf({ event, message, ...rest }: Notification): Notification {
  const over = { ...event, phase: 'resolved' } as const
  const last: Message = { ...message, seq: 2, occasion: 'resolved', alerts: [over], firing: 0, resolved: 1 }
  return { ...rest, id: notificationId(last), event: over, message: last }
}
