import { access } from 'node:fs/promises'
import { describeError } from '@nightshift/shared/errors'
import { insideRoot, type HostPaths } from '../procfs/host-paths.ts'
import { round } from './rates.ts'
import { askTime } from '../network/sntp.ts'
import { label, type Fields, type Item, type SourceContext, type SourceDefinition } from './source.ts'

const timeoutMs = 2000

export const clockSource: SourceDefinition<'clock'> = {
  group: 'clock',
  open(host, config, context) {
    const asked = [...new Set(config.servers)].map((server) => new TimeServer(server, context))
    return {
      async read() {
        const [fields, ...items] = await Promise.all([readState(host), ...asked.map(async (server) => await server.ask())])
        return { fields, items, unreadable: items.filter((item) => item['offset_seconds'] === null).length }
      },
      close: () => undefined,
    }
  },
}

/** One server of the config; that it does not answer is said once. */
class TimeServer {
  readonly #name: string
  readonly #context: SourceContext
  #complaint = ''

  constructor(name: string, context: SourceContext) {
    this.#name = name
    this.#context = context
  }

  async ask(): Promise<Item> {
    const server = label(this.#name)
    const { clock, log } = this.#context
    try {
      const { offsetMs, roundTripMs, stratum } = await askTime(this.#name, clock, timeoutMs)
      if (this.#complaint !== '') log.info({ server }, `time server ${server} answers again`)
      this.#complaint = ''
      return { server, offset_seconds: round(offsetMs / 1000), round_trip_seconds: round(roundTripMs / 1000), stratum }
    } catch (error) {
      const complaint = describeError(error)
      if (complaint !== this.#complaint) log.warn({ server, error }, `time server ${server} cannot be asked`)
      this.#complaint = complaint
      return { server, offset_seconds: null, round_trip_seconds: null, stratum: null }
    }
  }
}

/** systemd-timesyncd touches a file when it has set the clock; chrony and ntpd leave nothing that can be read so cheaply. */
async function readState(host: HostPaths): Promise<Fields> {
  const folder = insideRoot(host, '/run/systemd/timesync')
  if (!(await exists(folder))) return {}
  return { synchronized: (await exists(`${folder}/synchronized`)) ? 1 : 0 }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
