import { setTimeout as sleep } from 'node:timers/promises'
import type { RestoreOutcome } from '@nightshift/backup/restore/perform-restore'
import type { RestoreState } from '@nightshift/backup/restore/restorer'
import { EffectError } from '@nightshift/shared/errors'
import { parseEvent } from '@nightshift/shared/events/parse'
import { filterSubject } from '@nightshift/shared/subjects'
import type { Terminal } from '../commands/command.ts'
import type { Asked } from './ask-backup.ts'
import { progressLine } from './progress-line.ts'

const everyMs = 300

/** Shows how a restore goes, and waits for its end. */
export async function followRestore({ connection, host, ask }: Asked, run: string, terminal: Terminal): Promise<RestoreOutcome> {
  connection.subscribe(filterSubject('progress', { host }), {
    callback: (error, message) => {
      const received = error === null ? parseEvent(message.subject, message.data) : undefined
      if (received?.kind !== 'progress' || received.event.run !== run) return
      const { step, done_bytes: doneBytes, total_bytes: totalBytes, done_items: doneItems, total_items: totalItems } = received.event
      terminal.status?.(progressLine({ step, doneBytes, totalBytes, doneItems, totalItems }, terminal.columns))
    },
  })
  for (;;) {
    const { state, outcome } = await ask<RestoreState>('restored', { run })
    if (outcome !== null) {
      terminal.status?.('')
      return outcome
    }
    if (state === 'unknown')
      throw new EffectError(
        'restore_cut_off',
        'the backup service was started anew in the middle: it finishes the restore or takes it back, see its log',
      )
    await sleep(everyMs)
  }
}
