import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os'
import { isoTime } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { maskSecrets } from '../actions/masking.ts'
import { filesystems } from './filesystems.ts'
import { topProcesses } from './top-processes.ts'

const maxSnapshotLength = 65_536

interface SnapshotSubject {
  run: string
  playbook: string
  check: string
  /** The attempt that is about to be made. */
  attempt: number
  checkSaid: string
}

/** What this host looks like right before something is done to it, as text. */
export async function takeSnapshot(subject: SnapshotSubject, now: number): Promise<string> {
  const [disks, processes] = await Promise.all([filesystems(), topProcesses()])
  const mebibytes = (bytes: number): number => Math.round(bytes / 1024 ** 2)
  const lines = [
    `time: ${isoTime(now)}`,
    `run: ${subject.run}, playbook: ${subject.playbook}, check: ${subject.check}, before attempt ${subject.attempt}`,
    `the check says: ${maskSecrets(subject.checkSaid)}`,
    `uptime: ${formatDuration(uptime() * 1000)}; load: ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')} on ${cpus().length} processors`,
    `memory: ${mebibytes(freemem())} of ${mebibytes(totalmem())} MiB available`,
    ...disks,
    ...processes,
  ]
  return `${lines.join('\n')}\n`.slice(0, maxSnapshotLength)
}
