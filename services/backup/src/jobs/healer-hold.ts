import type { Bus } from '@nightshift/shared/bus/bus'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { controlBucketSchema, holdKey, type ControlRecord } from '@nightshift/shared/control/control-record'

/**
 * Keeps the healer of a host still while a run goes: a hook may stop what it would start again. A hold that a person set is left as it is,
 * and stays. Ends by itself at `untilMs`, should nobody be left to end it. Gives back how to end it.
 */
export async function holdHealer(
  bus: Bus,
  about: { host: string; actor: string; reason: string; untilMs: number; clock: Clock },
): Promise<() => Promise<void>> {
  const bucket = await bus.bucket('control', controlBucketSchema)
  const key = holdKey(about.host)
  const before = await bucket.get(key)
  if (before !== undefined && isActive(before.value, about.clock.now()) && before.value.actor !== about.actor) return async () => undefined
  const record: ControlRecord = { active: true, reason: about.reason, actor: about.actor, until_time: isoTime(about.untilMs) }
  const revision = await bucket.put(key, record, before?.revision ?? 0)
  return async () => void (await bucket.put(key, { ...record, active: false }, revision))
}

function isActive({ active, until_time: until }: ControlRecord, nowMs: number): boolean {
  return active && (until === null || Date.parse(until) > nowMs)
}
