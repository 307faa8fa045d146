import type { Pack } from './rule-input.ts'

/** What backups themselves say to be wrong; that one is late, which it cannot say, is a matter of who is heard. */
export const backupRules = {
  'backup-failed': { event: 'backup.failed', over: '1d', above: { warning: 0, critical: 2 } },
  'backup-damaged': { event: 'backup.verify_failed', over: '1d', above: { critical: 0 } },
  'backup-drill-failed': { event: 'backup.drill_failed', over: '1d', above: { critical: 0 } },
  'backup-rpo-missed': { event: 'backup.rpo_missed', over: '1d', above: { critical: 0 } },
  'backup-rto-missed': { event: 'backup.rto_missed', over: '1d', above: { warning: 0 } },
  'backup-copies-missing': { event: 'backup.copies_missing', over: '1d', above: { warning: 0 } },
} as const satisfies Pack
