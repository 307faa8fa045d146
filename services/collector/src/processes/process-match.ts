import { basename } from 'node:path'
import type { ProcessCheckConfig } from '../config.ts'
import type { Process } from '../procfs/processes.ts'

/** The kernel keeps so many bytes of a name. */
const kernelNameLength = 15

/** Whether a process is what is asked for; every criterion that is given must hold. A zombie never is. */
export function matches(candidate: Process, config: Pick<ProcessCheckConfig, 'name' | 'command'>): boolean {
  if (candidate.isZombie) return false
  const commandLine = candidate.argv.join(' ')
  return (
    (config.name === undefined || hasName(candidate, config.name)) && (config.command ?? []).every((part) => commandLine.includes(part))
  )
}

function hasName({ name, argv }: Process, wanted: string): boolean {
  const isKernelName = name === wanted && Buffer.byteLength(wanted) <= kernelNameLength
  return isKernelName || basename(argv[0] ?? '') === wanted
}
