import { availableParallelism } from 'node:os'
import { ContractError } from '@nightshift/shared/errors'
import { KeptFile } from '../procfs/kept-file.ts'
import { OptionalFile } from '../procfs/optional-file.ts'
import { round } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

const maxCores = 65_536

export const loadSource: SourceDefinition<'load'> = {
  group: 'load',
  open(host) {
    const file = new KeptFile(`${host.proc}/loadavg`)
    const online = new OptionalFile(`${host.sys}/devices/system/cpu/online`)
    const uptime = new OptionalFile(`${host.proc}/uptime`)
    return {
      read() {
        const averages = parseLoadavg(file.readText())
        // Sandboxes such as gVisor have no list of processors.
        const cores = countCpuList(online.readText() ?? '') ?? availableParallelism()
        return { fields: { ...loadFields(averages, cores), ...uptimeFields(uptime.readText()) } }
      },
      close() {
        file.close()
        online.close()
        uptime.close()
      },
    }
  },
}

/** `0.07 0.17 0.18 1/95 12199`: the averages over 1, 5 and 15 minutes. */
export function parseLoadavg(text: string): [number, number, number] {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) /.exec(text)
  if (match === null) throw new ContractError('proc_format', '/proc/loadavg does not start with three averages')
  return [Number(match[1]), Number(match[2]), Number(match[3])]
}

/** The number of processors in a list such as `0-3,8`; undefined when it is none. */
export function countCpuList(text: string): number | undefined {
  let count = 0
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part)
    if (match === null) return undefined
    const size = Number(match[2] ?? match[1]) - Number(match[1]) + 1
    if (size < 1) return undefined
    count += size
  }
  return count <= maxCores ? count : undefined
}

export function loadFields([load1, load5, load15]: readonly [number, number, number], cores: number): Fields {
  return { load1, load5, load15, load1_per_core: round(load1 / cores) }
}

/** `11634.25 10693.77`: seconds since boot, time asleep included, and those that all processors were idle. */
export function uptimeFields(text: string | null | undefined): Fields {
  if (text === undefined) return {}
  const match = /^(\d{1,12}(?:\.\d+)?) /.exec(text ?? '')
  return { uptime_seconds: match === null ? null : Number(match[1]) }
}
