import { findCounter, findPairs, findTable } from '../procfs/named-counters.ts'
import { KeptFile } from '../procfs/kept-file.ts'
import { OptionalFile } from '../procfs/optional-file.ts'
import { systemConstants } from '../procfs/system-constants.ts'
import { counterFields, ratio } from './rates.ts'
import type { Fields, SourceDefinition } from './source.ts'

/** The texts of the files; those of IPv6 and of the firewall are not on every host. */
export interface SocketTexts {
  readonly snmp: string
  readonly netstat: string
  readonly sockstat: string
  readonly snmp6?: string | null | undefined
  readonly sockstat6?: string | null | undefined
}

type Counters = Record<string, number | undefined>

export const tcpSource: SourceDefinition<'tcp'> = {
  group: 'tcp',
  open(host) {
    // As for net: /proc/net is a link to the reader's own network namespace; process 1 has the host's.
    const inNamespace = (name: string): [string, string] => [`${host.proc}/1/net/${name}`, `${host.proc}/self/net/${name}`]
    const [snmp, netstat, sockstat] = ['snmp', 'netstat', 'sockstat'].map((name) => new KeptFile(...inNamespace(name)))
    const [snmp6, sockstat6] = ['snmp6', 'sockstat6'].map((name) => new OptionalFile(...inNamespace(name)))
    // These two are of the reader's namespace always: in a container they are the host's only with the host's network.
    const [entries, max] = ['count', 'max'].map((name) => new OptionalFile(`${host.proc}/sys/net/netfilter/nf_conntrack_${name}`))
    let previous: Counters | undefined
    return {
      read(intervalSeconds) {
        const texts: SocketTexts = {
          snmp: snmp?.readText() ?? '',
          netstat: netstat?.readText() ?? '',
          sockstat: sockstat?.readText() ?? '',
          snmp6: snmp6?.readText(),
          sockstat6: sockstat6?.readText(),
        }
        const current = socketCounters(texts)
        const fields = {
          ...socketGauges(texts, systemConstants().pageBytes),
          ...counterFields(previous, current, intervalSeconds),
          retransmit_ratio: retransmitRatio(intervalSeconds === null ? undefined : previous, current),
          ...conntrackFields(entries?.readText(), max?.readText()),
        }
        previous = current
        return { fields }
      },
      close() {
        for (const file of [snmp, netstat, sockstat, snmp6, sockstat6, entries, max]) file?.close()
      },
    }
  },
}

export function socketCounters({ snmp, netstat, snmp6 }: SocketTexts): Counters {
  const tcp = findTable(snmp, 'Tcp')
  const udp = findTable(snmp, 'Udp')
  const extended = findTable(netstat, 'TcpExt')
  const udpSum = (name: string): number | undefined => {
    const four = udp?.get(name)
    const six = typeof snmp6 === 'string' ? findCounter(snmp6, `Udp6${name}`) : undefined
    return four === undefined ? six : four + (six ?? 0)
  }
  return {
    active_opens: tcp?.get('ActiveOpens'),
    passive_opens: tcp?.get('PassiveOpens'),
    failed_opens: tcp?.get('AttemptFails'),
    resets: tcp?.get('EstabResets'),
    sent_resets: tcp?.get('OutRsts'),
    received_segments: tcp?.get('InSegs'),
    sent_segments: tcp?.get('OutSegs'),
    retransmits: tcp?.get('RetransSegs'),
    receive_errors: tcp?.get('InErrs'),
    listen_overflows: extended?.get('ListenOverflows'),
    listen_drops: extended?.get('ListenDrops'),
    udp_errors: udpSum('InErrors'),
    udp_receive_buffer_errors: udpSum('RcvbufErrors'),
    udp_send_buffer_errors: udpSum('SndbufErrors'),
  }
}

export function socketGauges({ snmp, sockstat, sockstat6 }: SocketTexts, pageBytes: number): Fields {
  const tcp = findPairs(sockstat, 'TCP')
  const pages = tcp?.get('mem')
  return present({
    established: findTable(snmp, 'Tcp')?.get('CurrEstab'),
    inuse: tcp?.get('inuse'),
    inuse6: ofSix(sockstat6, 'TCP6'),
    orphan: tcp?.get('orphan'),
    time_wait: tcp?.get('tw'),
    allocated: tcp?.get('alloc'),
    memory_bytes: pages === undefined ? undefined : pages * pageBytes,
    udp_inuse: findPairs(sockstat, 'UDP')?.get('inuse'),
    udp_inuse6: ofSix(sockstat6, 'UDP6'),
  })
}

/** Of all segments sent; the kernel does not count those sent again among them. */
export function retransmitRatio(previous: Counters | undefined, current: Counters): number | null {
  const grown = (name: string): number => (current[name] ?? Number.NaN) - (previous?.[name] ?? Number.NaN)
  const [again, sent] = [grown('retransmits'), grown('sent_segments')]
  return again >= 0 && sent >= 0 ? ratio(again, again + sent) : null
}

export function conntrackFields(entries: string | null | undefined, max: string | null | undefined): Fields {
  if (entries === undefined || max === undefined) return {}
  const [used, most] = [entries, max].map((text) => (text !== null && /^\d{1,15}\n?$/.test(text) ? Number(text) : null))
  return {
    conntrack_entries: used ?? null,
    conntrack_max: most ?? null,
    conntrack_used_ratio: used === null || most === null || used === undefined || most === undefined ? null : ratio(used, most),
  }
}

function ofSix(sockstat6: string | null | undefined, line: string): number | null | undefined {
  return typeof sockstat6 === 'string' ? findPairs(sockstat6, line)?.get('inuse') : sockstat6
}

function present(fields: Record<string, number | null | undefined>): Fields {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, number | null] => entry[1] !== undefined))
}
