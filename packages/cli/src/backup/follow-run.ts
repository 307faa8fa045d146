import { parseEvent } from '@nightshift/shared/events/parse'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { filterSubject } from '@nightshift/shared/subjects'
import { BusError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import type { Asked } from './ask-backup.ts'
import { progressLine } from './progress-line.ts'

/** Shows how runs of a job go, from now on; `of` gives the event with which a run ends. */
export function followRun({ connection, host }: Asked, job: string, terminal: Terminal): { of(run: string): Promise<BackupEvent> } {
  const ended = new Map<string, BackupEvent>()
  const waiting = new Map<string, (event: BackupEvent) => void>()
  const take = (subject: string, data: Uint8Array): void => {
    const received = parseEvent(subject, data)
    if (received.kind === 'progress') {
      const { step, done_bytes: doneBytes, total_bytes: totalBytes, done_items: doneItems, total_items: totalItems } = received.event
      terminal.status?.(progressLine({ step, doneBytes, totalBytes, doneItems, totalItems }, terminal.columns))
    } else if (received.kind === 'backup' && (received.event.phase === 'completed' || received.event.phase === 'failed')) {
      const { event } = received
      terminal.status?.('')
      ended.set(event.run, event)
      waiting.get(event.run)?.(event)
    }
  }
  for (const filter of [filterSubject('progress', { host, job }), filterSubject('backup', { host, job })])
    connection.subscribe(filter, { callback: (error, message) => (error === null ? take(message.subject, message.data) : undefined) })
  const lost = connection.closed().then(() => {
    throw new BusError('no_bus', 'the bus went away; the run goes on, `nightshift backup jobs` tells how it ended', { transient: true })
  })
  lost.catch(() => undefined)
  return {
    of: async (run) => {
      const { promise, resolve } = Promise.withResolvers<BackupEvent>()
      const early = ended.get(run)
      if (early !== undefined) return early
      waiting.set(run, resolve)
      return await Promise.race([promise, lost])
    },
  }
}
