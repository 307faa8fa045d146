import type { Received } from '@nightshift/shared/events/parse'
import { reduceAlert } from './alerts.ts'
import { reduceCheckResult, reduceHealth } from './checks.ts'
import { describeEvent } from './describe-event.ts'
import type { Locale } from './event-texts.ts'
import { forgetHost, forgotten } from './forgotten.ts'
import { reduceHeal } from './heals.ts'
import { reduceAgent, reduceMetric } from './hosts.ts'
import type { Change, FleetModel } from './model.ts'

/**
 * What one message changes. The model is read, not written: Fleet puts the changes in. (A model copied per message would cost a fleet
 * of a thousand hosts a third of a core.) `seenMs`: when it reached the bus, or now for what is live. The same event again changes nothing:
 * the feed knows the last ids, and what is older than that loses to what came after it.
 */
export function reduce(model: FleetModel, received: Received, seenMs: number, locale: Locale): Change[] {
  if (model.event.has(received.event.id)) return []
  const changes = reduceState(model, received, seenMs)
  const item = describeEvent(received, locale)
  if (item !== undefined) changes.push({ kind: 'event', id: item.id, entry: item })
  return changes
}

function reduceState(model: FleetModel, received: Received, seenMs: number): Change[] {
  switch (received.kind) {
    case 'metric':
      return received.address.host === null ? [] : reduceMetric(model, received.address.host, received.event, seenMs)
    case 'check':
      return received.address.host === null ? [] : reduceCheckResult(model, received.address.host, received.event, seenMs)
    case 'health':
      return received.address.host === null ? [] : reduceHealth(model, received.address.host, received.event)
    case 'agent':
      return reduceAgent(model, received.address.host, received.event, seenMs)
    case 'alert':
      return reduceAlert(model, received.address.host, received.event)
    case 'heal':
      return reduceHeal(model, received.address.host, received.event)
    case 'change':
      return received.address.host !== null && received.event.what === forgotten ? forgetHost(model, received.address.host) : []
    default:
      return []
  }
}
