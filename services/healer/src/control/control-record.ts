import { z } from 'zod'
import { ContractError } from '@nightshift/shared/errors'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { encodeToken } from '@nightshift/shared/host-token'
import { nameSchema, textSchema, timeSchema } from '@nightshift/shared/events/envelope'

/** A value of the bucket `ops_control`: a switch that a person set. Absent or not `active`: off. */
const controlRecordSchema = z.object({
  active: z.boolean(),
  reason: textSchema,
  actor: nameSchema,
  /** Off again from then on; null: until a person takes it away. */
  until_time: timeSchema.nullable(),
})
export type ControlRecord = z.infer<typeof controlRecordSchema>

/** Key of the switch that stops every healer. */
export const killSwitchKey = 'kill_switch'

/** Key of the hold on one host (maintenance, a deploy, a restore). */
export function holdKey(host: string): string {
  return `hold.${encodeToken(host)}`
}

export const controlBucketSchema: BucketSchema<ControlRecord> = {
  version: 1,
  read(value) {
    const parsed = controlRecordSchema.safeParse(value)
    if (!parsed.success)
      throw new ContractError('bad_control_record', 'not a control record: {active, reason, actor, until_time}', { cause: parsed.error })
    return parsed.data
  },
}

/** Why nobody may act, or null when nothing stands against it. */
export interface Control {
  killSwitch: string | null
  hold: string | null
}

/** What a stored switch says now. */
export function standing(record: ControlRecord | undefined, now: number): string | null {
  if (record === undefined || !record.active) return null
  if (record.until_time !== null && Date.parse(record.until_time) <= now) return null
  return `${record.reason} (${record.actor})`
}
