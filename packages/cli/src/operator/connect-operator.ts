import { connect, type NatsConnection } from '@nats-io/transport-node'
import { BusError, describeError } from '@nightshift/shared/errors'
import { readRunFile } from '../data-folder/run-file.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import type { Terminal } from '../commands/command.ts'

/** Flags of every command that looks at a running system. */
export const operatorFlags = {
  data: { type: 'string' },
  nats: { type: 'string' },
} as const

const connectTimeoutMs = 5000

/** A connection that may read everything: of the `up` that runs on the data folder, or to `--nats URL`. */
export async function connectOperator(
  flags: { data?: string | undefined; nats?: string | undefined },
  terminal: Terminal,
): Promise<NatsConnection> {
  const url = flags.nats ?? readRunFile(findDataFolder(flags.data, terminal.env, terminal.cwd)).nats_url
  return connectUrl(url)
}

/** Connects with the user and password that stand in the URL. Throws BusError `no_bus`, without showing them. */
export async function connectUrl(url: string): Promise<NatsConnection> {
  const { server, user, pass } = splitUrl(url)
  try {
    return await connect({
      servers: server,
      name: 'nightshift-cli',
      timeout: connectTimeoutMs,
      reconnect: false,
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
    })
  } catch (cause) {
    throw new BusError('no_bus', `cannot reach NATS at ${server}: ${describeError(cause)}; is it running, and are its credentials right?`, {
      cause,
      transient: true,
    })
  }
}

/** A URL without its credentials, and them. */
export function splitUrl(url: string): { server: string; user?: string; pass?: string } {
  const parsed = URL.parse(url.includes('://') ? url : `nats://${url}`)
  if (parsed === null) throw new BusError('bad_url', 'the NATS URL is not a URL; write for example nats://127.0.0.1:4222')
  return {
    server: `${parsed.protocol}//${parsed.host}`,
    ...(parsed.username === '' ? {} : { user: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { pass: decodeURIComponent(parsed.password) }),
  }
}
