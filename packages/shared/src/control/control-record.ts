import { z } from 'zod'
import type { BucketSchema } from '../bus/bus.ts'
import { ContractError } from '../errors.ts'
import { nameSchema, textSchema, timeSchema } from '../events/envelope.ts'
import { encodeToken } from '../host-token.ts'

/** A value of the bucket `ops_control`: a switch that somebody set. Absent or not `active`: off. */
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

/** Key of the hold on one host (maintenance, a deploy, a backup, a restore). */
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
