import { defaultLimits, Fleet, type Limits } from '../../src/fleet/fleet.ts'
import { reduce } from '../../src/fleet/reduce.ts'
import { receive, type Message } from '../fixture-events.ts'

/** A fleet that has taken these messages in, each seen at its event time. */
export function fleetWith(messages: readonly Message[], limits: Partial<Limits> = {}): Fleet {
  const fleet = new Fleet({ ...defaultLimits, ...limits })
  for (const message of messages) take(fleet, message)
  return fleet
}

export function take(fleet: Fleet, message: Message, seenMs = Date.parse(String(message.event['time']))): void {
  fleet.apply(reduce(fleet.model, receive(message), seenMs, 'en'))
}
