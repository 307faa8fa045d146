import { reservedFileBytes } from '@nightshift/shared/bus/streams'
import type { StreamsConfig } from '@nightshift/shared/config/base'

export interface ServerConfigInput {
  address: string
  port: number
  storeDir: string
  /** File with the accounts and their users; relative to the folder of the configuration. */
  accountsFile: string
  streams: StreamsConfig
  namespace: string
}

const memoryReserveBytes = 64 * 1024 ** 2
// Above what the streams reserve: consumers and their state.
const fileReserveBytes = 256 * 1024 ** 2

/** The configuration of the embedded nats-server. It understands every server from 2.9.10 on. */
export function renderServerConfig(input: ServerConfigInput): string {
  const { metrics } = input.streams
  const metricsInMemoryBytes = metrics.storage === 'memory' ? metrics.max_bytes : 0
  return `# Written by nightshift at every start; changes are lost.
server_name: nightshift
listen: ${JSON.stringify(`${input.address}:${input.port}`)}
# A reader that does not read must not slow the others down.
write_deadline: "2s"
max_payload: 1048576
jetstream {
  store_dir: ${JSON.stringify(input.storeDir)}
  max_memory_store: ${memoryReserveBytes + metricsInMemoryBytes}
  max_file_store: ${reservedFileBytes(input.streams, input.namespace) + fileReserveBytes}
}
include ${JSON.stringify(input.accountsFile)}
`
}
