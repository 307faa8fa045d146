import { KeptFile } from '../procfs/kept-file.ts'
import { exclusion } from '../globs/exclusion.ts'
import { NicLinks } from '../devices/nic-links.ts'
import { parseCounters, ratesPerSecond, round } from './rates.ts'
import { capItems, label, type Item, type SourceDefinition } from './source.ts'

export interface NicCounters {
  readonly receiveBytes: number
  readonly receivePackets: number
  readonly receiveErrors: number
  readonly receiveDrops: number
  readonly transmitBytes: number
  readonly transmitPackets: number
  readonly transmitErrors: number
  readonly transmitDrops: number
}

export const netSource: SourceDefinition<'net'> = {
  group: 'net',
  open(host, config, context) {
    // /proc/net is a link to the reader's own network namespace; process 1 has the host's.
    const file = new KeptFile(`${host.proc}/1/net/dev`, `${host.proc}/self/net/dev`)
    const isExcluded = exclusion(config.exclude)
    const links = new NicLinks(host.sys, context.clock)
    let previous = new Map<string, NicCounters>()
    return {
      read(intervalSeconds) {
        const current = new Map([...parseNetDev(file.readText())].filter(([nic]) => !isExcluded(nic)))
        const { kept, overflow } = capItems([...current])
        const items = kept.map(([nic, counters]) => ({
          ...nicItem(nic, previous.get(nic), counters, intervalSeconds),
          ...links.fields(nic),
        }))
        previous = current
        links.look(kept.map(([nic]) => nic))
        return { items, overflow }
      },
      close: () => file.close(),
    }
  },
}

/** Counters by interface. Lines that are none, such as the heading, are left out. */
export function parseNetDev(text: string): Map<string, NicCounters> {
  const nics = new Map<string, NicCounters>()
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':')
    const name = line.slice(0, Math.max(0, colon)).trim()
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
    // receive: bytes packets errs drop fifo frame compressed multicast; transmit the same from the 9th on
    const counters = parseCounters([...columns.slice(0, 4), ...columns.slice(8, 12)])
    if (name === '' || counters?.length !== 8) continue
    const [receiveBytes = 0, receivePackets = 0, receiveErrors = 0, receiveDrops = 0, ...transmit] = counters
    const [transmitBytes = 0, transmitPackets = 0, transmitErrors = 0, transmitDrops = 0] = transmit
    nics.set(name, {
      receiveBytes,
      receivePackets,
      receiveErrors,
      receiveDrops,
      transmitBytes,
      transmitPackets,
      transmitErrors,
      transmitDrops,
    })
  }
  return nics
}

export function nicItem(nic: string, previous: NicCounters | undefined, current: NicCounters, intervalSeconds: number | null): Item {
  const rates = ratesPerSecond(previous, current, intervalSeconds)
  return {
    nic: label(nic),
    receive_bytes_total: current.receiveBytes,
    transmit_bytes_total: current.transmitBytes,
    receive_packets_total: current.receivePackets,
    transmit_packets_total: current.transmitPackets,
    receive_errors_total: current.receiveErrors,
    transmit_errors_total: current.transmitErrors,
    receive_drops_total: current.receiveDrops,
    transmit_drops_total: current.transmitDrops,
    receive_bytes_per_second: rates.receiveBytes,
    transmit_bytes_per_second: rates.transmitBytes,
    errors_per_second: bothWays(rates.receiveErrors, rates.transmitErrors),
    drops_per_second: bothWays(rates.receiveDrops, rates.transmitDrops),
  }
}

function bothWays(received: number | null, transmitted: number | null): number | null {
  return received === null || transmitted === null ? null : round(received + transmitted)
}
