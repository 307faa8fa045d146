import { KeptFile } from '../procfs/kept-file.ts'
import { systemConstants } from '../procfs/system-constants.ts'
import { parseCounters, ratio } from './rates.ts'
import type { Item, SourceDefinition } from './source.ts'

/** Machines with more are looked at as a whole; group cpu has that. */
const maxCores = 128
const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const idleMode = 3
const iowaitMode = 4

export const cpuCoreSource: SourceDefinition<'cpu_core'> = {
  group: 'cpu_core',
  open(host) {
    const file = new KeptFile(`${host.proc}/stat`)
    let previous = new Map<string, number[]>()
    return {
      read(intervalSeconds) {
        const current = parseCores(file.read())
        const { ticksPerSecond } = systemConstants()
        const items = [...current]
          .slice(0, maxCores)
          .map(([core, ticks]) => coreItem(core, intervalSeconds === null ? undefined : previous.get(core), ticks, ticksPerSecond))
        previous = current
        return { items, overflow: Math.max(0, current.size - maxCores) }
      },
      close: () => file.close(),
    }
  },
}

/** The times of each processor in ticks, in the order of the modes. One that is off line is not listed. */
export function parseCores(content: Buffer): Map<string, number[]> {
  const end = content.indexOf('\nintr')
  const cores = new Map<string, number[]>()
  for (const line of content.toString('latin1', 0, end === -1 ? content.length : end).split('\n')) {
    const match = /^cpu(\d{1,6}) +(.*)$/.exec(line)
    const ticks = parseCounters((match?.[2] ?? '').trimEnd().split(/ +/).slice(0, modes.length))
    if (match?.[1] !== undefined && ticks !== undefined && ticks.length > idleMode) cores.set(match[1], ticks)
  }
  return cores
}

/** A processor that was taken off and put back starts some of its times again: no share then. Idle and iowait may slip back a little. */
export function coreItem(core: string, previous: readonly number[] | undefined, current: readonly number[], ticksPerSecond: number): Item {
  const grown = current.map((ticks, mode) => ticks - (previous?.[mode] ?? 0))
  const wasReset = previous === undefined || grown.some((ticks, mode) => ticks < 0 && mode !== idleMode && mode !== iowaitMode)
  const total = wasReset ? 0 : grown.reduce((sum, ticks) => sum + Math.max(0, ticks), 0)
  const idle = Math.max(0, grown[idleMode] ?? 0) + Math.max(0, grown[iowaitMode] ?? 0)
  const item: Item = { core, usage_ratio: ratio(total - idle, total) }
  for (const [mode, name] of modes.entries()) {
    const ticks = current[mode]
    if (ticks !== undefined) item[`${name}_seconds_total`] = ticks / ticksPerSecond
  }
  return item
}
