import { readFile } from 'node:fs/promises'
import { Socket, type SocketConnectOpts } from 'node:net'
import { ConfigError } from '@nightshift/shared/errors'
import { formatTarget } from '../network/connection-error.ts'
import { sharedLookup } from '../network/shared-lookup.ts'

export interface TlsConfig {
  ca_file?: string | undefined
  cert_file?: string | undefined
  key_file?: string | undefined
  server_name?: string | undefined
  insecure: boolean
}

/** How to reach a server and log in, as people write it. */
export interface ConnectionConfig {
  url?: string | undefined
  host?: string | undefined
  port?: number | undefined
  socket?: string | undefined
  user?: string | undefined
  password?: string | undefined
  database?: string | number | undefined
  tls?: TlsConfig | undefined
}

export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly socket: string | undefined
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string | undefined
  readonly tls: TlsConfig | undefined
  /** `host:port` or the path of the socket: what messages call the server. Holds no secret. */
  readonly target: string
}

/** One address out of a URL or of single keys. `encrypted` are the protocols that mean TLS by themselves. */
export function serverAddress(config: ConnectionConfig, defaultPort: number, encrypted: readonly string[] = []): ServerAddress {
  const url = config.url === undefined ? null : URL.parse(config.url)
  const host = (url === null ? config.host : url.hostname.replaceAll(/^\[|\]$/g, '')) || '127.0.0.1'
  const port = (url === null ? config.port : Number(url.port)) || defaultPort
  const isEncrypted = url !== null && encrypted.includes(url.protocol.slice(0, -1))
  return {
    host,
    port,
    socket: config.socket,
    user: url === null ? config.user : decoded(url.username),
    password: url === null ? config.password : decoded(url.password),
    database: url === null ? config.database?.toString() : decoded(url.pathname.slice(1)),
    tls: config.tls ?? (isEncrypted ? { insecure: false } : undefined),
    target: config.socket ?? formatTarget(host, port),
  }
}

/** How far an attempt came, for the message when its time was up. */
export interface Progress {
  connected: boolean
  /** TLS is under way. */
  isAskingForTls?: boolean
}

/** A socket on its way to the server. */
export function connectSocket(address: ServerAddress, progress: Progress): Socket {
  return prepareSocket(progress).connect(route(address))
}

/** A socket that will tell how far it came. */
export function prepareSocket(progress: Progress): Socket {
  const socket = new Socket()
  socket.setKeepAlive(true)
  return socket.once('connect', () => {
    progress.connected = true
  })
}

/** Where a socket has to go. Names are looked up once at a time, so that a dead DNS piles up no questions. */
export function route({ host, port, socket: path }: ServerAddress): SocketConnectOpts {
  return path === undefined ? { host, port, lookup: sharedLookup } : { path }
}

export interface TlsOptions {
  host: string
  servername?: string
  rejectUnauthorized: boolean
  ca?: string
  cert?: string
  key?: string
}

/** Options for node:tls, its files read anew: certificates are renewed while we run. Undefined without TLS. */
export async function tlsOptions({ tls, host }: ServerAddress): Promise<TlsOptions | undefined> {
  if (tls === undefined) return undefined
  const [ca, cert, key] = await Promise.all([tls.ca_file, tls.cert_file, tls.key_file].map(readPem))
  const name = tls.server_name ?? host
  return {
    host: name,
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    rejectUnauthorized: !tls.insecure,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

async function readPem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigError('tls_file', `cannot read ${file}, which the config names for TLS`, { cause })
  }
}

function decoded(text: string): string | undefined {
  if (text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
