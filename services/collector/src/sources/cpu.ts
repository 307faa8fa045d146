import { ContractError } from '@nightshift/shared/errors'
import { KeptFile } from '../procfs/kept-file.ts'
import { parseCounters, ratio } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

/** Time since boot by mode, of all processors together. The unit does not matter: only shares of it are used. */
export interface CpuTimes {
  readonly user: number
  readonly system: number
  readonly idle: number
  /** Absent where the system does not tell. */
  readonly iowait?: number
  readonly steal?: number
  /** Part of user. */
  readonly nice?: number
  readonly guest?: number
  /** Part of system. */
  readonly irq?: number
  readonly softirq?: number
  readonly cores: number
}

/** What the kernel tells only where it can, each a share of its own. */
const optionalModes = ['iowait', 'steal', 'nice', 'irq', 'softirq', 'guest'] as const
type Mode = 'user' | 'system' | 'idle' | (typeof optionalModes)[number]

export const cpuSource: SourceDefinition<'cpu'> = {
  group: 'cpu',
  open(host) {
    const file = new KeptFile(`${host.proc}/stat`)
    let previous: CpuTimes | undefined
    return {
      read(intervalSeconds) {
        const current = parseStat(file.read())
        const fields = cpuFields(intervalSeconds === null ? undefined : previous, current)
        previous = current
        return { fields }
      },
      close: () => file.close(),
    }
  },
}

/** /proc/stat, of which only the head matters: the interrupt counters behind it can be long. */
export function parseStat(content: Buffer): CpuTimes {
  const end = content.indexOf('\nintr')
  const lines = content.toString('latin1', 0, end === -1 ? content.length : end).split('\n')
  const total = lines[0] ?? ''
  // user nice system idle iowait irq softirq steal, then guest and its nice, which user and nice contain already
  const times = total.startsWith('cpu ') ? parseCounters(total.trimEnd().split(/ +/).slice(1, 11)) : undefined
  const [user, nice, system, idle, iowait, irq, softirq, steal, guest, guestNice] = times ?? []
  if (user === undefined || nice === undefined || system === undefined || idle === undefined) {
    throw new ContractError('proc_format', 'the first line of /proc/stat does not hold the times of all processors')
  }
  return {
    user: user + nice,
    system: system + (irq ?? 0) + (softirq ?? 0),
    idle,
    ...(iowait === undefined ? {} : { iowait }),
    ...(steal === undefined ? {} : { steal }),
    nice,
    ...(irq === undefined ? {} : { irq }),
    ...(softirq === undefined ? {} : { softirq }),
    ...(guest === undefined ? {} : { guest: guest + (guestNice ?? 0) }),
    cores: lines.reduce((count, line) => (/^cpu\d/.test(line) ? count + 1 : count), 0),
  }
}

/** The fields of the group. Busy times that went backwards are a reset: null. The kernel lets idle and iowait slip back a little: no time then. */
export function cpuFields(previous: CpuTimes | undefined, current: CpuTimes): Fields {
  const wasReset = previous === undefined || current.user < previous.user || current.system < previous.system
  const grown = (mode: Mode): number => Math.max(0, (current[mode] ?? 0) - (previous?.[mode] ?? 0))
  const idle = grown('idle') + grown('iowait')
  const total = wasReset ? 0 : idle + grown('user') + grown('system') + grown('steal')
  const fields: Fields = {
    usage_ratio: ratio(total - idle, total),
    user_ratio: ratio(grown('user'), total),
    system_ratio: ratio(grown('system'), total),
    idle_ratio: ratio(grown('idle'), total),
    cores: current.cores,
  }
  for (const mode of optionalModes) if (current[mode] !== undefined) fields[`${mode}_ratio`] = ratio(grown(mode), total)
  return fields
}
