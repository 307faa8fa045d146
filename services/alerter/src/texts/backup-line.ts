import type { Notification } from '../notify/notification.ts'

/** What stands in the place of a rule where a backup is told to be done. */
export const backupDoneRule = 'backup-done'

interface BackupFact {
  readonly name: string
  readonly sizeBytes: number | null
  readonly addedBytes: number | null
  readonly seconds: number
}

/** What is said of a backup that is done; null when it is about something else, or about many things at once. */
export function backupFactOf({ event, message }: Notification): BackupFact | null {
  if (event.rule !== backupDoneRule || message.alerts.length > 1) return null
  const { name = '', added_bytes: added } = event.labels
  const seconds = Math.max(0, Date.parse(event.time) - Date.parse(event.started_time)) / 1000
  return { name, sizeBytes: event.value, addedBytes: added === undefined ? null : Number(added), seconds: Math.round(seconds) }
}
