import { z } from 'zod'
import { duration, quantity } from '@nightshift/shared/config/scalars'

/** The alerts that come of it. */
export const presenceRules = ['host-silent', 'service-silent', 'backup-late', 'mass-silence', 'alerter-blind'] as const

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const severity = () => z.enum(['info', 'warning', 'critical']).optional()

const severitySchema = z
  .strictObject({
    'host-silent': severity(),
    'service-silent': severity(),
    'backup-late': severity(),
    'mass-silence': severity(),
    'alerter-blind': severity(),
  } satisfies Record<(typeof presenceRules)[number], unknown>)
  .describe('How bad each of them is: critical, but for service-silent, which is a warning')

const massSchema = z
  .strictObject({
    hosts: z.int().min(2).max(100_000).default(5).describe('At least so many'),
    share: quantity()
      .refine((share) => share > 0 && share < 1, 'must be between 0% and 100%; write for example 30%')
      .prefault('30%')
      .describe('... and more than this share of the hosts that were heard'),
  })
  .describe('Hosts that fall silent at once, in these numbers, are one alert: then it is the network or the bus, not each of them')

export const presenceSchema = z
  .strictObject({
    after: duration({ min: 1000, max: hourMs })
      .prefault('30s')
      .describe('A host is silent when nothing of its collector came for so long: three missed heartbeats'),
    after_stop: duration({ min: 1000, max: 30 * dayMs })
      .prefault('10m')
      .describe('So long a collector that was stopped in good order may stay away: an update, a reboot'),
    boot_grace: duration({ max: hourMs })
      .prefault('2m')
      .describe('What begins on a host so soon after it booted is told when this is over, if it still lasts'),
    backup_grace: duration({ max: 7 * dayMs })
      .prefault('5m')
      .describe('A backup is late when so much time has passed since it was due'),
    blind_after: duration({ min: 10_000, max: dayMs })
      .prefault('1m')
      .describe('When nobody watched for longer than this, although nobody stopped the alerter, it is told afterwards'),
    stale_after: duration({ min: 10_000, max: dayMs })
      .prefault('5m')
      .describe('An alert that fires and of which no value came for so long, from a host that is heard, says so; it stays as it is'),
    severity: severitySchema.default({}),
    mass: massSchema.prefault({}),
    hosts: z
      .array(z.string().min(1).max(253))
      .min(1)
      .max(256)
      .default(['*'])
      .describe('Hosts that are missed when they are silent; * stands for anything, a leading ! excludes'),
  })
  .describe('Who must be heard: hosts by their collector, services by their heartbeats, backups by when they are due')

export type PresenceConfig = z.infer<typeof presenceSchema>
