import { readFileSync } from 'node:fs'
import { connect, credsAuthenticator, nkeyAuthenticator, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { BusError } from '../errors.ts'
import { hostToken } from '../subjects.ts'
import type { BusOptions } from './bus.ts'

const dialTimeoutMs = 5000
const minReconnectWaitMs = 250
const maxReconnectWaitMs = 1000
const pingIntervalMs = 10_000
/** `user:password@` of a URL: the client would ignore it, and no log shall show it. */
const userInfo = /\/\/[^@/]*@/

/** Prefix of the reply subjects of one service on one host: its permissions name it, so nobody else can read its replies. */
export function inboxPrefix(service: string, host: string): string {
  return `_INBOX_${service}_${hostToken(host)}`
}

/** How long to wait before the next attempt: spread, so that a fleet does not come back all at once. */
export function reconnectWaitMs(): number {
  return minReconnectWaitMs + Math.random() * (maxReconnectWaitMs - minReconnectWaitMs)
}

/** The client's options. Once connected it reconnects for ever by itself, also after the server refused the credentials. */
function connectionOptions(options: BusOptions): ConnectionOptions {
  const { tls } = options
  return {
    servers: options.servers.map((server) => server.replace(userInfo, '//')),
    name: `${options.service}@${options.host}`,
    inboxPrefix: inboxPrefix(options.service, options.host),
    timeout: dialTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: reconnectWaitMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...authentication(options),
    ...(tls && {
      tls: {
        ...(tls.ca_file !== undefined && { caFile: tls.ca_file }),
        ...(tls.cert_file !== undefined && { certFile: tls.cert_file }),
        ...(tls.key_file !== undefined && { keyFile: tls.key_file }),
      },
    }),
  }
}

/** One attempt at all the servers. Rejects with BusError `connect_failed`. */
export async function dial(options: BusOptions): Promise<NatsConnection> {
  try {
    return await connect(connectionOptions(options))
  } catch (cause) {
    throw new BusError(
      'connect_failed',
      `cannot connect to ${options.servers.map((server) => server.replace(userInfo, '//')).join(', ')}`,
      { cause, transient: true },
    )
  }
}

/** The credentials file is read at each attempt: it may be renewed while we run. */
function authentication(options: BusOptions): ConnectionOptions {
  const { creds_file: credsFile, nkey, user, password } = options
  if (credsFile !== undefined) return { authenticator: (nonce) => credsAuthenticator(readFileSync(credsFile))(nonce) }
  if (nkey !== undefined) return { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkey)) }
  if (user !== undefined) return { user, pass: password ?? '' }
  const url = options.servers.find((server) => userInfo.test(server))
  if (url === undefined) return {}
  const { username, password: secret } = new URL(url)
  return { user: decodeURIComponent(username), pass: decodeURIComponent(secret) }
}
