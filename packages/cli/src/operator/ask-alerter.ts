import type { NatsConnection } from '@nats-io/transport-node'
import { BusError, NightshiftError } from '@nightshift/shared/errors'
import { rpcSubject } from '@nightshift/shared/subjects'
import type { Terminal } from '../commands/command.ts'
import { connectOperator } from './connect-operator.ts'

const timeoutMs = 5000

/** Asks the alerter of a running system one thing. Throws BusError `no_alerter`, or NightshiftError `alerter_refused` with what it says. */
export async function askAlerter<T>(
  flags: { data?: string | undefined; nats?: string | undefined },
  terminal: Terminal,
  verb: string,
  request: object = {},
): Promise<T> {
  const connection = await connectOperator(flags, terminal)
  try {
    return await ask<T>(connection, verb, request)
  } finally {
    await connection.close()
  }
}

async function ask<T>(connection: NatsConnection, verb: string, request: object): Promise<T> {
  const options = { timeout: timeoutMs }
  const reply = await connection.request(rpcSubject('alerter', verb), JSON.stringify(request), options).catch((cause: unknown) => {
    throw new BusError('no_alerter', `no alerter answers ${verb} on this bus; is the service running? see nightshift status`, {
      cause,
      transient: true,
    })
  })
  const failure = reply.headers?.get('Nats-Service-Error')
  if (failure !== undefined && failure !== '') throw new NightshiftError('alerter_refused', `the alerter says: ${failure}`)
  return reply.json<T>()
}

/** Who asks, for the record: the name of the login. */
export function actorOf({ env }: Pick<Terminal, 'env'>): string {
  return env['SUDO_USER'] ?? env['USER'] ?? env['LOGNAME'] ?? 'somebody'
}
