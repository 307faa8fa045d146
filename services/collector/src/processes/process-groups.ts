import type { GroupsConfig } from '../config.ts'
import { splitArguments } from '../procfs/processes.ts'
import type { ProcessRecord } from '../procfs/process-table.ts'
import { readPatiently } from '../procfs/read-patiently.ts'
import { ProcessDetails } from './process-details.ts'
import { matches } from './process-match.ts'
import { addMember, programItem, type Program, type Scale } from './programs.ts'
import { round } from '../sources/rates.ts'
import type { Item } from '../sources/source.ts'

type Named = GroupsConfig['proc']['named']

/** The rest of a longer command line does not count. */
const maxCommandBytes = 16 * 1024

interface Membership {
  readonly startTicks: number
  /** A process that starts another program keeps its number and its start. */
  readonly name: string
  readonly groups: readonly string[]
}

/** The groups of processes that the config names. Who belongs where is found out once per process. */
export class ProcessGroups {
  readonly #proc: string
  readonly #named: Named
  readonly #details: ProcessDetails
  #memberships = new Map<number, Membership>()

  constructor(proc: string, named: Named) {
    this.#proc = proc
    this.#named = named
    this.#details = new ProcessDetails(proc)
  }

  /** A group without a process is there all the same, with a count of 0. */
  async look(processes: readonly ProcessRecord[], scale: Scale): Promise<{ items: Item[]; unreadable: number }> {
    const names = Object.keys(this.#named)
    if (names.length === 0) return { items: [], unreadable: 0 }
    const programs = new Map<string, Program>(names.map((name) => [name, { name, members: [], grownTicks: undefined, rssPages: 0 }]))
    const memberships = new Map<number, Membership>()
    for (const process of processes) {
      if (process.isKernel || process.state === 'Z') continue
      const known = this.#memberships.get(process.pid)
      const isKnown = known?.startTicks === process.startTicks && known.name === process.name
      const membership = isKnown ? known : await this.#membership(process)
      memberships.set(process.pid, membership)
      for (const name of membership.groups) {
        const program = programs.get(name)
        if (program !== undefined) addMember(program, process)
      }
    }
    this.#memberships = memberships
    return await this.#items([...programs.values()], scale)
  }

  async #items(programs: readonly Program[], scale: Scale): Promise<{ items: Item[]; unreadable: number }> {
    const details = await this.#details.look(
      programs.flatMap(({ members }) => members),
      scale.intervalSeconds,
    )
    const items = programs.map((program) => ({
      kind: 'group',
      ...programItem(program, scale),
      ...details.of(program.members),
      ...ages(program, scale),
    }))
    return { items, unreadable: details.unreadable }
  }

  async #membership(process: ProcessRecord): Promise<Membership> {
    const argv = splitArguments(await this.#commandLine(process.pid))
    const candidate = { pid: process.pid, name: process.name, isZombie: false, argv }
    const groups = Object.entries(this.#named).flatMap(([name, criteria]) => (matches(candidate, criteria) ? [name] : []))
    return { startTicks: process.startTicks, name: process.name, groups }
  }

  /** The kernel may make the reader wait for the memory of a process that hangs, so never synchronously. */
  async #commandLine(pid: number): Promise<string> {
    try {
      return await readPatiently(`${this.#proc}/${pid}/cmdline`, maxCommandBytes)
    } catch {
      return ''
    }
  }
}

function ages({ members }: Program, { ticksPerSecond, uptimeSeconds }: Scale): Item {
  if (uptimeSeconds === null || members.length === 0) return { oldest_seconds: null, newest_seconds: null }
  const starts = members.map(({ startTicks }) => startTicks / ticksPerSecond)
  const age = (start: number): number => round(Math.max(0, uptimeSeconds - start))
  return { oldest_seconds: age(Math.min(...starts)), newest_seconds: age(Math.max(...starts)) }
}
