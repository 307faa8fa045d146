import { readFile } from 'node:fs/promises'
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { ConfigError, EffectError } from '@nightshift/shared/errors'

interface NatsLogin {
  readonly servers?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly creds_file?: string | undefined
}

/** A connection of its own to the servers that are named, else that of the service. */
export async function withNats<T>(
  login: NatsLogin,
  own: NatsConnection | undefined,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const { connection, close } = await openNats(login, own)
  try {
    return await work(connection)
  } finally {
    await close()
  }
}

export async function openNats(
  login: NatsLogin,
  own: NatsConnection | undefined,
): Promise<{ connection: NatsConnection; close: () => Promise<void> }> {
  if (login.servers === undefined) {
    if (own === undefined || own.isClosed())
      throw new EffectError(
        'nats_unreachable',
        'the service has no connection to NATS just now; name `servers` in the source to back up without the service',
        { transient: true },
      )
    return { connection: own, close: () => Promise.resolve() }
  }
  try {
    const connection = await connect({
      servers: [...login.servers],
      name: 'nightshift-backup',
      maxReconnectAttempts: 5,
      ...(login.user !== undefined && { user: login.user }),
      ...(login.password !== undefined && { pass: login.password }),
      ...(login.creds_file !== undefined && { authenticator: credsAuthenticator(await readCreds(login.creds_file)) }),
    })
    return { connection, close: async () => await connection.close() }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new EffectError('nats_unreachable', 'cannot connect to the NATS servers of the source: look whether they run, and at the login', {
      cause,
      transient: true,
    })
  }
}

async function readCreds(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ConfigError('no_creds', `cannot read ${file}, which the source names for NATS`, { cause })
  }
}
