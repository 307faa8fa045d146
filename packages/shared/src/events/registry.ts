import type { z } from 'zod'
import type { Kind } from '../subjects.ts'
import { agentEventSchema } from './agent.ts'
import { alertEventSchema } from './alert.ts'
import { auditEventSchema } from './audit.ts'
import { backupEventSchema } from './backup.ts'
import { changeEventSchema } from './change.ts'
import { checkEventSchema } from './check.ts'
import { deadEventSchema } from './dead.ts'
import { healEventSchema } from './heal.ts'
import { healthEventSchema } from './health.ts'
import { logEventSchema } from './log.ts'
import { metricEventSchema } from './metric.ts'
import { notifyEventSchema } from './notify.ts'
import { progressEventSchema } from './progress.ts'
import { reportEventSchema } from './report.ts'

/** The schema of each kind of subject. One file per event, named as the subject reads. */
export const eventSchemas = {
  metric: metricEventSchema,
  check: checkEventSchema,
  agent: agentEventSchema,
  health: healthEventSchema,
  alert: alertEventSchema,
  notify: notifyEventSchema,
  heal: healEventSchema,
  backup: backupEventSchema,
  report: reportEventSchema,
  change: changeEventSchema,
  log: logEventSchema,
  progress: progressEventSchema,
  audit: auditEventSchema,
  dead: deadEventSchema,
} as const satisfies Record<Kind, z.ZodType>

export type EventOf<K extends Kind> = z.infer<(typeof eventSchemas)[K]>
