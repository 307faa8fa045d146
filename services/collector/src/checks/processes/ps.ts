import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { Process } from '../../procfs/processes.ts'

const maxOutputBytes = 8 * 1024 * 1024

/** The processes as `ps` tells them, for systems without /proc such as macOS. Rejects where there is no `ps`. */
export async function listByPs(signal: AbortSignal): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,stat=,command='], { signal, maxBuffer: maxOutputBytes })
  return parsePs(stdout)
}

/** Lines of `pid state command line`. Where one argument ends and the next begins is not told; names with spaces are cut short. */
export function parsePs(text: string): Process[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d{1,10})\s+(\S+)\s+(.*)$/.exec(line)
    if (match === null) return []
    const argv = (match[3] ?? '').split(' ')
    return [{ pid: Number(match[1]), name: basename(argv[0] ?? ''), isZombie: match[2]?.startsWith('Z') === true, argv }]
  })
}
