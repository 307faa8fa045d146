import { z } from 'zod'
import { referencesExist, type ConfigView, type CrossCheck, type Problem } from '@nightshift/shared/config/cross-check'
import { configName, duration, formatDuration } from '@nightshift/shared/config/scalars'
import { destinationSchema } from './config/destination-config.ts'
import { integritySchema } from './config/integrity-config.ts'
import { jobSchema } from './config/job-config.ts'
import { mirrorSchema } from './config/mirror-config.ts'
import { passwordSchema } from './config/password.ts'
import { restoreSetSchema } from './config/restore-config.ts'
import { planSchema } from './config/recovery-config.ts'
import { schedule } from './config/schedule-config.ts'
import { verifySchema } from './config/verify-config.ts'
import { integrityJob } from './jobs/integrity-name.ts'
import { pruneJob } from './jobs/prune-name.ts'
import { longestGapMs } from './jobs/schedule.ts'
import { judgeCopies } from './jobs/three-two-one.ts'
import { planJob, verifyJob } from './verify/event-names.ts'

const maxJobs = 128
const maxDestinations = 16
const maxDatabases = 64
const maxMirrors = 16
const hourMs = 3_600_000
const dayMs = 86_400_000

/** The `backup:` section: what is backed up, where to, when, and what is kept of it. */
export const backupConfigSchema = z
  .strictObject({
    password: passwordSchema
      .optional()
      .describe('Encrypts the repositories; without it nothing can be restored, so keep a copy outside of this host'),
    destinations: z
      .record(configName(), destinationSchema)
      .refine((all) => Object.keys(all).length <= maxDestinations, `too many; the most is ${maxDestinations}`)
      .default({})
      .describe('Where snapshots are stored. Each is a restic repository'),
    jobs: z
      .record(configName(), jobSchema)
      .refine((all) => Object.keys(all).length <= maxJobs, `too many; the most is ${maxJobs}`)
      .refine((all) => !Object.hasOwn(all, pruneJob), `no job can be called ${pruneJob}: events of pruning go by that name`)
      .refine((all) => !Object.hasOwn(all, integrityJob), `no job can be called ${integrityJob}: events of checks go by that name`)
      .refine(
        (all) => ![verifyJob, planJob].some((name) => Object.hasOwn(all, name)),
        `no job can be called ${verifyJob} or ${planJob}: events go by these names`,
      )
      .default({}),
    sets: z
      .record(configName(), restoreSetSchema)
      .refine((all) => Object.keys(all).length <= maxJobs, `too many; the most is ${maxJobs}`)
      .default({})
      .describe('Jobs that are restored together: all of them or none'),
    prune: z
      .strictObject({
        schedule: schedule().prefault('30 5 * * 0'),
        grace: duration({ min: hourMs, max: 90 * dayMs })
          .prefault('24h')
          .describe('Data that nothing needs is removed no sooner than so long after it was noticed'),
      })
      .prefault({})
      .describe('When the data of forgotten snapshots is removed'),
    integrity: integritySchema
      .refine((all) => Object.keys(all).length <= maxDatabases, `too many; the most is ${maxDatabases}`)
      .default({})
      .describe('Databases that are looked through for damage and broken rules; nothing is changed but on request'),
    integrity_schedule: schedule().prefault('0 4 * * 5').describe('When; the default is Friday, 04:00'),
    verify: verifySchema.prefault({}),
    plan: planSchema.optional(),
    mirrors: z
      .record(configName(), mirrorSchema)
      .refine((all) => Object.keys(all).length <= maxMirrors, `too many; the most is ${maxMirrors}`)
      .default({}),
    workers: z.int().min(1).max(16).optional().describe('Threads that read, compress and encrypt; the default is one a core, at most 4'),
  })
  .describe('Backs up what this host has, encrypted, into restic repositories')

export type BackupConfig = z.infer<typeof backupConfigSchema>

/** What only the whole file can tell. */
export const backupCrossChecks: readonly CrossCheck[] = [
  referencesExist({ from: ['backup.jobs.*.to.*'], to: 'backup.destinations', what: 'destination' }),
  referencesExist({ from: ['backup.plan.tiers.*.jobs.*'], to: 'backup.jobs', what: 'job' }),
  referencesExist({ from: ['backup.plan.tiers.*.sets.*'], to: 'backup.sets', what: 'set' }),
  referencesExist({ from: ['backup.sets.*.jobs.*'], to: 'backup.jobs', what: 'job' }),
  setsAreNoJobs,
  destinationsExist,
  passwordsExist,
  objectivesCanBeMet,
  copiesAreEnough,
]

function sectionOf(view: ConfigView): BackupConfig | undefined {
  return view.section('backup') as BackupConfig | undefined
}

function destinationsExist(view: ConfigView): Problem[] {
  const config = sectionOf(view)
  if (config === undefined || Object.keys(config.jobs).length === 0 || Object.keys(config.destinations).length > 0) return []
  const hint = 'add for example destinations: { disk: { kind: local, path: /var/backups/nightshift } }'
  return [{ path: ['backup', 'jobs'], on: 'key', message: 'have no destination to go to', hint }]
}

function setsAreNoJobs(view: ConfigView): Problem[] {
  const config = sectionOf(view)
  return Object.keys(config?.sets ?? {})
    .filter((name) => Object.hasOwn(config?.jobs ?? {}, name))
    .map((name) => ({ path: ['backup', 'sets', name], on: 'key', message: 'is the name of a job too', hint: 'give the set another name' }))
}

function passwordsExist(view: ConfigView): Problem[] {
  const config = sectionOf(view)
  if (config === undefined || config.password !== undefined) return []
  return Object.entries(config.destinations).flatMap(([name, destination]): Problem[] => {
    if (destination.password !== undefined) return []
    const hint = 'make a file with `openssl rand -base64 32`, chmod 600, and name it in backup.password_file'
    return [{ path: ['backup', 'destinations', name], on: 'key', message: 'has no password; nothing is stored unencrypted', hint }]
  })
}

function objectivesCanBeMet(view: ConfigView): Problem[] {
  const config = sectionOf(view)
  const timezone = view.base?.timezone ?? 'UTC'
  return Object.entries(config?.jobs ?? {}).flatMap(([name, job]): Problem[] => {
    if (job.rpo === undefined || job.on_change !== undefined) return []
    const path = ['backup', 'jobs', name, 'rpo']
    if (job.schedule === undefined)
      return [{ path, message: 'is promised, but no schedule keeps it', hint: 'add a schedule', severity: 'warning' }]
    const gap = longestGapMs({ crons: job.schedule, timezone: job.timezone ?? timezone }, Date.UTC(2026, 0, 1))
    if (gap === null || gap <= job.rpo) return []
    const message = `is shorter than the schedule allows: runs are up to ${formatDuration(gap)} apart`
    return [{ path, message, hint: `let it run more often, or promise ${formatDuration(gap)}`, severity: 'warning' }]
  })
}

function copiesAreEnough(view: ConfigView): Problem[] {
  const config = sectionOf(view)
  return Object.entries(config?.jobs ?? {}).flatMap(([name, job]): Problem[] => {
    const places = (job.to ?? Object.keys(config?.destinations ?? {})).flatMap((place) => {
      const destination = config?.destinations[place]
      return destination === undefined ? [] : [{ name: place, medium: destination.kind, isOffSite: destination.off_site }]
    })
    // One destination is a choice that people make knowingly; with several, what is missing is easily overlooked.
    const rule = judgeCopies(places)
    if (places.length < 2 || rule.isMet) return []
    const message = `falls short of the 3-2-1 rule: ${rule.missing.join(', ')} missing`
    return [
      { path: ['backup', 'jobs', name], on: 'key', message, hint: 'three copies, on two media, one of them off site', severity: 'warning' },
    ]
  })
}
