import { KeptFile } from '../procfs/kept-file.ts'
import { findCounter } from '../procfs/named-counters.ts'
import { OptionalFile } from '../procfs/optional-file.ts'
import { ProcessTable, type ProcessRecord } from '../procfs/process-table.ts'
import { systemConstants } from '../procfs/system-constants.ts'
import { parseStat } from './cpu.ts'
import { uptimeFields } from './load.ts'
import { ProcessGroups } from '../processes/process-groups.ts'
import { ProgramNames } from '../processes/program-names.ts'
import { largestPrograms, programItem, type Scale } from '../processes/programs.ts'
import { counterFields, ratio } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

/** Of the letters that ps prints; what is not here counts as sleeping. */
const stateNames: Readonly<Record<string, string>> = {
  R: 'running',
  D: 'disk_sleep',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'zombie',
  I: 'idle',
}

export const procSource: SourceDefinition<'proc'> = {
  group: 'proc',
  open(host, config) {
    const table = new ProcessTable(host.proc)
    const groups = new ProcessGroups(host.proc, config.named)
    const names = new ProgramNames(host.proc)
    const stat = new KeptFile(`${host.proc}/stat`)
    const pidMax = new OptionalFile(`${host.proc}/sys/kernel/pid_max`)
    const uptime = new OptionalFile(`${host.proc}/uptime`)
    let previousForks: number | undefined
    return {
      async read(intervalSeconds) {
        const { processes, overflow } = await table.look()
        const content = stat.read()
        const { cores } = parseStat(content)
        const forks = findCounter(content.toString('latin1'), 'processes')
        const scale: Scale = {
          ...systemConstants(),
          cores,
          intervalSeconds,
          uptimeSeconds: uptimeFields(uptime.readText())['uptime_seconds'] ?? null,
        }
        const fields = {
          ...stateFields(processes),
          ...counterFields({ forks: previousForks }, { forks }, intervalSeconds),
          ...limitFields(processes, pidMax.readText()),
        }
        previousForks = forks
        const named = await groups.look(processes, scale)
        if (config.top > 0) await names.complete(processes)
        const programs = largestPrograms(processes, config.top).map((program) => ({ kind: 'top', ...programItem(program, scale) }))
        return { fields, items: [...named.items, ...programs], overflow, unreadable: named.unreadable }
      },
      close() {
        for (const file of [stat, pidMax, uptime]) file.close()
      },
    }
  },
}

function stateFields(processes: readonly ProcessRecord[]): Fields {
  const fields: Record<string, number> = {
    count: processes.length,
    running: 0,
    sleeping: 0,
    disk_sleep: 0,
    stopped: 0,
    zombie: 0,
    idle: 0,
    threads: 0,
  }
  for (const { state, threads } of processes) {
    const name = stateNames[state] ?? 'sleeping'
    fields[name] = (fields[name] ?? 0) + 1
    fields['threads'] = (fields['threads'] ?? 0) + threads
  }
  return fields
}

/** The kernel gives threads numbers of the same kind. */
function limitFields(processes: readonly ProcessRecord[], text: string | null | undefined): Fields {
  if (text === undefined) return {}
  const max = text === null || !/^\d{1,10}\n?$/.test(text) ? null : Number(text)
  const threads = processes.reduce((sum, process) => sum + process.threads, 0)
  return { max, used_ratio: max === null ? null : ratio(threads, max) }
}
