import type { ConnectionConfig } from '../config/source-config.ts'

/** Where a database server is and how to log in. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly socket: string | undefined
  readonly user: string | undefined
  readonly password: string | undefined
  /** The one that the URL names. */
  readonly database: string | undefined
  /** What stands behind the `?` of the URL. */
  readonly options: URLSearchParams
  /** What messages call it; holds no secret. */
  readonly target: string
}

/** One address out of a URL or single keys. */
export function serverAddress(config: ConnectionConfig, defaultPort: number): ServerAddress {
  const url = config.url === undefined ? null : URL.parse(config.url)
  const host = (url === null ? config.host : url.hostname.replaceAll(/^\[|\]$/g, '')) || '127.0.0.1'
  const port = (url === null ? config.port : Number(url.port)) || defaultPort
  return {
    host,
    port,
    socket: config.socket,
    user: url === null ? config.user : decoded(url.username),
    password: url === null ? config.password : decoded(url.password),
    database: url === null ? undefined : decoded(url.pathname.slice(1)),
    options: url?.searchParams ?? new URLSearchParams(),
    target: config.socket ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
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
