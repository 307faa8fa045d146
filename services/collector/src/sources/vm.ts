import { ContractError } from '@nightshift/shared/errors'
import { KeptFile } from '../procfs/kept-file.ts'
import { findCounter } from '../procfs/named-counters.ts'
import { systemConstants } from '../procfs/system-constants.ts'
import { counterFields } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

/** One counter per zone of memory, which not every machine has. */
const reclaims = ['', '_dma', '_dma32', '_normal', '_movable', '_device'].map((zone) => `allocstall${zone}`)

type Counters = Record<string, number | undefined>

export const vmSource: SourceDefinition<'vm'> = {
  group: 'vm',
  open(host) {
    const vmstat = new KeptFile(`${host.proc}/vmstat`)
    const stat = new KeptFile(`${host.proc}/stat`)
    let previous: Counters | undefined
    return {
      read(intervalSeconds) {
        const { pageBytes } = systemConstants()
        const text = vmstat.readText()
        const current = { ...pagingCounters(text, pageBytes), ...activityCounters(stat.readText()) }
        const fields = { ...counterFields(previous, current, intervalSeconds), ...writingFields(text, pageBytes) }
        previous = current
        return { fields }
      },
      close() {
        vmstat.close()
        stat.close()
      },
    }
  },
}

/** /proc/vmstat counts in pages, but pgpgin and pgpgout in KiB. */
export function pagingCounters(text: string, pageBytes: number): Counters {
  const faults = findCounter(text, 'pgfault')
  if (faults === undefined) throw new ContractError('proc_format', '/proc/vmstat does not tell page faults')
  const times = (name: string, bytes: number): number | undefined => {
    const count = findCounter(text, name)
    return count === undefined ? undefined : count * bytes
  }
  const stalls = reclaims.map((name) => findCounter(text, name)).filter((count) => count !== undefined)
  return {
    page_faults: faults,
    major_page_faults: findCounter(text, 'pgmajfault'),
    page_in_bytes: times('pgpgin', 1024),
    page_out_bytes: times('pgpgout', 1024),
    swap_in_bytes: times('pswpin', pageBytes),
    swap_out_bytes: times('pswpout', pageBytes),
    oom_kills: findCounter(text, 'oom_kill'),
    direct_reclaims: stalls.length === 0 ? undefined : stalls.reduce((sum, count) => sum + count, 0),
  }
}

/** The line of interrupts starts with their sum; one number per source follows. */
export function activityCounters(stat: string): Counters {
  const interrupts = /^intr (\d{1,20})/m.exec(stat)?.[1]
  return {
    context_switches: findCounter(stat, 'ctxt'),
    interrupts: interrupts === undefined ? undefined : Number(interrupts),
  }
}

function writingFields(text: string, pageBytes: number): Fields {
  const [dirty, writeback] = ['nr_dirty', 'nr_writeback'].map((name) => findCounter(text, name))
  return {
    ...(dirty === undefined ? {} : { dirty_bytes: dirty * pageBytes }),
    ...(writeback === undefined ? {} : { writeback_bytes: writeback * pageBytes }),
  }
}
