import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ConflictError } from '@nightshift/shared/errors'
import { isAlive } from '@nightshift/shared/service/process-identity'
import { readIdentity } from '@nightshift/shared/service/folder-lock'

const politeMs = 5000
const insistMs = 5000
const pollMs = 25

/** Stops the broker that a killed run left on this store; its pid, or undefined when there was none. */
export async function stopOrphanBroker(folder: string): Promise<number | undefined> {
  const record = join(folder, 'broker.json')
  const orphan = readIdentity(record)
  if (orphan === undefined || !isAlive(orphan)) return undefined
  for (const [signal, waitMs] of [
    ['SIGTERM', politeMs],
    ['SIGKILL', insistMs],
  ] as const) {
    sendSignal(orphan.pid, signal)
    for (let waited = 0; waited < waitMs; waited += pollMs) {
      if (!isAlive(orphan)) {
        rmSync(record, { force: true })
        return orphan.pid
      }
      await delay(pollMs)
    }
  }
  throw new ConflictError(
    'orphan_broker',
    `the broker of an earlier run (process ${orphan.pid}) does not end; kill it by hand, then start again`,
  )
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
