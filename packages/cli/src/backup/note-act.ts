import { NightshiftError } from '@nightshift/shared/errors'
import type { Terminal } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup } from './ask-backup.ts'

/** What was done on this host past the service. */
interface Act {
  readonly action: 'backup.integrity_repair' | 'backup.repair' | 'backup.restore' | 'backup.delete' | 'backup.export'
  readonly target: string
  readonly outcome: 'done' | 'failed'
  readonly reason?: string | null
}

const maxLength = 1024

/** Has the backup service of this host write down what was done. Without one it says so: the work itself needs no bus. */
export async function noteActs(
  acts: readonly Act[],
  flags: { data?: string | undefined; nats?: string | undefined; host: string },
  terminal: Terminal,
): Promise<void> {
  const actor = actorOf(terminal)
  try {
    await askBackup(flags, terminal, async ({ ask }) => {
      for (const { action, target, outcome, reason } of acts)
        await ask('note', { action, target: target.slice(0, maxLength), outcome, reason: reason?.slice(0, maxLength) ?? null, actor })
    })
  } catch (error) {
    if (!(error instanceof NightshiftError)) throw error
    terminal.err('not in the audit: no backup service of this host could be asked to write it down (--data DIR or --nats URL name its bus)')
  }
}
