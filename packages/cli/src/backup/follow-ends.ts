import type { BackupEvent } from '@nightshift/shared/events/backup'
import { parseEvent } from '@nightshift/shared/events/parse'
import { BusError } from '@nightshift/shared/errors'
import { filterSubject } from '@nightshift/shared/subjects'
import type { Terminal } from '../commands/command.ts'
import type { Asked } from './ask-backup.ts'
import { progressLine } from './progress-line.ts'

const ends: ReadonlySet<string> = new Set(['verified', 'verify_failed', 'drill', 'drill_failed'])
/** Of runs that nobody here waits for yet, or any more. */
const maxKept = 1000

/** Shows how verifications and drills of a host go, from now on; `of` gives the event with which one ends. */
export function followEnds({ connection, host }: Asked, terminal: Terminal): { of(run: string): Promise<BackupEvent> } {
  const ended = new Map<string, BackupEvent>()
  const waiting = new Map<string, (event: BackupEvent) => void>()
  const take = (subject: string, data: Uint8Array): void => {
    const received = parseEvent(subject, data)
    if (received.kind === 'progress') {
      const { step, done_bytes: doneBytes, total_bytes: totalBytes, done_items: doneItems, total_items: totalItems } = received.event
      terminal.status?.(progressLine({ step, doneBytes, totalBytes, doneItems, totalItems }, terminal.columns))
    } else if (received.kind === 'backup' && ends.has(received.event.phase)) {
      const { event } = received
      terminal.status?.('')
      if (ended.size < maxKept) ended.set(event.run, event)
      waiting.get(event.run)?.(event)
    }
  }
  for (const filter of [filterSubject('progress', { host }), filterSubject('backup', { host })])
    connection.subscribe(filter, { callback: (error, message) => (error === null ? take(message.subject, message.data) : undefined) })
  const lost = connection.closed().then(() => {
    throw new BusError('no_bus', 'the bus went away; what was asked for goes on, `nightshift tap --kind backup` tells how it ended', {
      transient: true,
    })
  })
  lost.catch(() => undefined)
  return {
    of: async (run) => {
      const early = ended.get(run)
      if (early !== undefined) return early
      const { promise, resolve } = Promise.withResolvers<BackupEvent>()
      waiting.set(run, resolve)
      return await Promise.race([promise, lost])
    },
  }
}
