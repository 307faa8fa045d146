import type { ProcessRecord } from '../procfs/process-table.ts'
import type { SystemConstants } from '../procfs/system-constants.ts'
import { ratio } from '../sources/rates.ts'
import { label, type Item } from '../sources/source.ts'

/** All processes of one name. By name and not by number: numbers change with every restart, and each would be a series of its own. */
export interface Program {
  readonly name: string
  readonly members: ProcessRecord[]
  /** undefined when none of the members was there before. */
  grownTicks: number | undefined
  rssPages: number
}

/** What turns the kernel's units into seconds, bytes and shares. */
export interface Scale extends SystemConstants {
  readonly cores: number
  readonly intervalSeconds: number | null
  /** null where the host does not tell. */
  readonly uptimeSeconds: number | null
}

/** Their names come and go by the hundred and mean little. */
const kernelName = 'kernel threads'

/** The `top` programs by processor time and those by memory: at most twice as many. */
export function largestPrograms(processes: readonly ProcessRecord[], top: number): Program[] {
  if (top === 0) return []
  const programs = new Map<string, Program>()
  for (const process of processes) {
    const name = process.isKernel ? kernelName : label(process.name)
    const program = programs.get(name) ?? { name, members: [], grownTicks: undefined, rssPages: 0 }
    addMember(program, process)
    programs.set(name, program)
  }
  const all = [...programs.values()]
  const busiest = all.filter(({ grownTicks = 0 }) => grownTicks > 0).toSorted((a, b) => (b.grownTicks ?? 0) - (a.grownTicks ?? 0))
  const largest = all.filter(({ rssPages }) => rssPages > 0).toSorted((a, b) => b.rssPages - a.rssPages)
  return [...new Set([...busiest.slice(0, top), ...largest.slice(0, top)])]
}

export function addMember(program: Program, process: ProcessRecord): void {
  program.members.push(process)
  program.rssPages += process.rssPages
  if (process.grownTicks !== undefined) program.grownTicks = (program.grownTicks ?? 0) + process.grownTicks
}

export function programItem({ name, members, grownTicks, rssPages }: Program, scale: Scale): Item {
  const largest = members.reduce<ProcessRecord | undefined>(
    (best, each) => (best === undefined || isLarger(each, best) ? each : best),
    undefined,
  )
  const isComparable = scale.intervalSeconds !== null && (grownTicks !== undefined || members.length === 0)
  const available = (scale.intervalSeconds ?? 0) * scale.ticksPerSecond * scale.cores
  return {
    name,
    processes: members.length,
    cpu_ratio: isComparable ? ratio(grownTicks ?? 0, available) : null,
    rss_bytes: rssPages * scale.pageBytes,
    thread_count: members.reduce((sum, member) => sum + member.threads, 0),
    pid: largest?.pid ?? null,
  }
}

function isLarger(a: ProcessRecord, b: ProcessRecord): boolean {
  const [ticksOfA, ticksOfB] = [a.grownTicks ?? 0, b.grownTicks ?? 0]
  return ticksOfA === ticksOfB ? a.rssPages > b.rssPages : ticksOfA > ticksOfB
}
