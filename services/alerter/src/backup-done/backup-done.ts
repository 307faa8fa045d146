import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import type { Received } from '@nightshift/shared/events/parse'
import { fingerprintOf } from '../alert/fingerprint.ts'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import type { Message } from '../group/group.ts'
import { notificationId, type Notification } from '../notify/notification.ts'
import { channelsFor } from '../route/channels-for.ts'
import { backupDoneRule } from '../texts/backup-line.ts'
import type { Change } from '../tracking/engine.ts'

/** An alerter that reads the past for the first time does not tell of last week's backups. */
const maxAgeMs = 3_600_000

/** Says that a backup is done. It is no alert: nothing is open after it, nobody takes it on, and nothing mutes it. */
export const backupDone: CompanionKind = (view) => new BackupDone(view)

class BackupDone implements Companion {
  readonly #view: ShardView

  constructor(view: ShardView) {
    this.#view = view
  }

  see(received: Received): readonly Change[] {
    if (received.kind !== 'backup') return []
    const { event } = received
    const { backup_done: config, channels } = this.#view.config()
    const { clock, source } = this.#view.context
    if (!config.enabled || event.phase !== 'completed' || event.announce !== true) return []
    if (clock.now() - Date.parse(event.time) > maxAgeMs) return []
    const all = Object.entries(channels).map(([name, { kind }]) => ({ name, kind }))
    const notifications = channelsFor(config.channels ?? null, 'info', all).map((channel) => notificationOf(event, channel, source))
    // Between messages, where it cannot overlap with a checkpoint.
    void this.#view.exclusively(async () => {
      for (const notification of notifications) await this.#view.desk.post(notification)
    })
    return []
  }
}

/** What stands in the outbox: in the form of an alert that is over, for every channel knows how to say that. */
function notificationOf(backup: BackupEvent, channel: string, source: string): Notification {
  const added = backup.added_bytes === null ? {} : { added_bytes: String(backup.added_bytes) }
  const labels = { job: backup.job, name: backup.name ?? backup.job, ...added }
  const startedMs = Date.parse(backup.time) - (backup.duration_seconds ?? 0) * 1000
  const event: AlertEvent = {
    v: 1,
    id: backup.id,
    time: backup.time,
    host: backup.host,
    source,
    correlation_id: backup.correlation_id,
    rule: backupDoneRule,
    phase: 'resolved',
    fingerprint: fingerprintOf(backupDoneRule, backup.host, labels),
    epoch: backup.id,
    severity: 'info',
    labels,
    summary: `the backup ${backup.job} of ${backup.host ?? ''} is done: ${labels.name}`,
    value: backup.size_bytes,
    threshold: null,
    started_time: isoTime(startedMs),
    reason: null,
    runbook: null,
  }
  const message: Message = {
    incident: backup.id,
    seq: 1,
    occasion: 'resolved',
    opened_ms: startedMs,
    alerts: [event],
    firing: 0,
    resolved: 1,
    worst: 'info',
    figures: null,
    contacts: [],
    level: null,
    targets: null,
  }
  return { id: notificationId(message), channel, group: event.fingerprint, route: backupDoneRule, event, message }
}
