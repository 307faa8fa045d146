import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'

const target = (what: string) =>
  duration({ min: 60_000, max: 30 * 86_400_000 })
    .optional()
    .describe(what)

const levelSchema = z
  .strictObject({
    respond: target('Somebody has taken it on'),
    cause: target('The cause is known'),
    recover: target('It runs again, if only for now'),
  })
  .describe('Targets of an incident level, since the first message')

/** What the users' documents ask of an outage. */
const outage = { respond: '5m', cause: '15m', recover: '30m' }

export const incidentLevelsSchema = z.strictObject({
  '1': levelSchema.prefault(outage).describe('An outage'),
  '2': levelSchema.prefault({}).describe('It is slow'),
  '3': levelSchema.prefault({}).describe('A part of it is out'),
})

export type IncidentLevelsConfig = z.infer<typeof incidentLevelsSchema>

/** How soon, as an alert event carries it; null: nobody set a target. */
export interface LevelTargets {
  readonly respond_seconds: number | null
  readonly cause_seconds: number | null
  readonly recover_seconds: number | null
}

/** The targets of a level; null when it has none. */
export function targetsOf(level: number | null, levels: IncidentLevelsConfig | undefined): LevelTargets | null {
  const config = level === 1 || level === 2 || level === 3 ? levels?.[level] : undefined
  if (config === undefined || (config.respond ?? config.cause ?? config.recover) === undefined) return null
  const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : ms / 1000)
  return { respond_seconds: seconds(config.respond), cause_seconds: seconds(config.cause), recover_seconds: seconds(config.recover) }
}
