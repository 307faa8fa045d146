import { basename } from 'node:path'
import { splitArguments } from '../procfs/processes.ts'
import type { ProcessRecord } from '../procfs/process-table.ts'
import { readPatiently } from '../procfs/read-patiently.ts'

/** The kernel cuts longer names off. */
const kernelNameBytes = 15
/** What Node calls itself since version 20: every program written for it would have one name. */
const nameless = 'MainThread'

interface Known {
  readonly startTicks: number
  readonly kernelName: string
  readonly name: string
}

/** What programs are called, where the kernel's name does not tell. Found out once per process, from its command line. */
export class ProgramNames {
  readonly #proc: string
  #known = new Map<number, Known>()

  constructor(proc: string) {
    this.#proc = proc
  }

  /** Gives each of these processes its whole name. */
  async complete(processes: readonly ProcessRecord[]): Promise<void> {
    const current = new Map<number, Known>()
    for (const process of processes) {
      if (process.isKernel || (process.name !== nameless && Buffer.byteLength(process.name) !== kernelNameBytes)) continue
      const before = this.#known.get(process.pid)
      const isSame = before?.startTicks === process.startTicks && before.kernelName === process.name
      const name = isSame ? before.name : wholeName(process.name, await this.#commandLine(process.pid))
      current.set(process.pid, { startTicks: process.startTicks, kernelName: process.name, name })
      process.name = name
    }
    this.#known = current
  }

  async #commandLine(pid: number): Promise<string> {
    try {
      return await readPatiently(`${this.#proc}/${pid}/cmdline`)
    } catch {
      return ''
    }
  }
}

/** The file name of the program when it begins with what the kernel kept of it; programs may have written a title over it. */
function wholeName(kernelName: string, commandLine: string): string {
  const program = basename((splitArguments(commandLine)[0] ?? '').split(' ')[0] ?? '')
  return program !== '' && (kernelName === nameless || program.startsWith(kernelName)) ? program : kernelName
}
