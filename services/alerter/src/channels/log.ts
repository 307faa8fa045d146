import { z } from 'zod'
import { headlineOf } from '../notify/notification.ts'
import type { ChannelKind } from './channel.ts'

const schema = z.strictObject({ kind: z.literal('log') }).describe('A line in the log of the alerter')

/** One log entry per notification: the sentence for people, and every fact as a field. CRITICAL is kept for trouble of our own. */
export const logChannel: ChannelKind<typeof schema> = {
  schema,
  open: (_config, { log }) => ({
    kind: 'log',
    send: (notification) => {
      const { event, id, channel, message } = notification
      const level = message.firing === 0 ? 'info' : message.worst === 'critical' ? 'error' : 'warn'
      const { rule, host, phase, severity, labels, value, threshold, reason, runbook, fingerprint, epoch, correlation_id, started_time } =
        event
      const facts = {
        rule,
        alert_host: host,
        phase,
        severity,
        labels,
        value,
        threshold,
        reason,
        runbook,
        fingerprint,
        epoch,
        correlation_id,
        started_time,
      }
      const { incident, occasion, firing, resolved } = message
      log[level]({ channel, notification: id, ...facts, incident, occasion, firing, resolved }, headlineOf(notification))
      return Promise.resolve()
    },
    close: () => undefined,
  }),
}
