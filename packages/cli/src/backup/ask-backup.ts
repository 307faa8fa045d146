import type { NatsConnection } from '@nats-io/transport-node'
import { BusError, ConfigError, NightshiftError } from '@nightshift/shared/errors'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { Terminal } from '../commands/command.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import { readRunFile } from '../data-folder/run-file.ts'
import { connectUrl, operatorFlags } from '../operator/connect-operator.ts'

/** Flags of what asks a running backup service. */
export const askFlags = { ...operatorFlags, host: { type: 'string' } } as const

const timeoutMs = 60_000

/** A running system, and the host whose backup service is meant. */
export interface Asked {
  readonly connection: NatsConnection
  readonly host: string
  readonly ask: <T>(verb: string, request?: object) => Promise<T>
}

/** Connects, asks, and closes the connection again. */
export async function askBackup<T>(
  flags: { data?: string | undefined; nats?: string | undefined; host?: string | undefined },
  terminal: Terminal,
  work: (asked: Asked) => Promise<T>,
): Promise<T> {
  const run = flags.nats === undefined ? readRunFile(findDataFolder(flags.data, terminal.env, terminal.cwd)) : undefined
  const host = flags.host ?? run?.host
  if (host === undefined) throw new ConfigError('usage', 'say whose backup is meant: --host NAME')
  const connection = await connectUrl(flags.nats ?? run?.nats_url ?? '')
  try {
    return await work({ connection, host, ask: async (verb, request = {}) => await ask(connection, host, verb, request) })
  } finally {
    await connection.close()
  }
}

async function ask<T>(connection: NatsConnection, host: string, verb: string, request: object): Promise<T> {
  const subject = rpcSubject('backup', verb, host)
  const reply = await connection.request(subject, JSON.stringify(request), { timeout: timeoutMs }).catch((cause: unknown) => {
    throw new BusError('no_backup', `no backup service of ${host} answers on this bus; is it running? Without a bus: --local`, {
      cause,
      transient: true,
    })
  })
  const failure = reply.headers?.get('Nats-Service-Error')
  if (failure !== undefined && failure !== '') throw new NightshiftError('backup_refused', `the backup service of ${host} says: ${failure}`)
  return reply.json<T>()
}
