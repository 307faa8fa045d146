import { durationText } from '../duration-text.ts'

/** What a failed connection means, and what to look at. `target` is `host:port` as configured. */
const meanings: Record<string, (target: string) => string> = {
  ECONNREFUSED: (target) => `connection refused: nothing listens on ${target}`,
  ECONNRESET: (target) => `${target} closed the connection before it answered`,
  EPIPE: (target) => `${target} closed the connection before it answered`,
  ENOTFOUND: (target) => `no such host: DNS does not know ${withoutPort(target)}`,
  EAI_AGAIN: (target) => `DNS does not answer when asked for ${withoutPort(target)}`,
  ETIMEDOUT: (target) => `no answer from ${target}: it is down, or a firewall drops the packets`,
  EHOSTUNREACH: (target) => `no route to ${target}: the host is down or in another network`,
  ENETUNREACH: (target) => `no route to the network of ${target}`,
  EADDRNOTAVAIL: (target) => `no local address or port left to connect to ${target} from`,
  EACCES: (target) => `not allowed to connect to ${target}: a local firewall or sandbox forbids it`,
  EPERM: (target) => `not allowed to connect to ${target}: a local firewall or sandbox forbids it`,
  EMFILE: () => 'too many open files in this collector: raise its limit',
  DEPTH_ZERO_SELF_SIGNED_CERT: (target) => `the certificate of ${target} is self-signed; \`insecure: true\` accepts it`,
  SELF_SIGNED_CERT_IN_CHAIN: (target) => `the certificate of ${target} comes from an authority this machine does not trust`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (target) =>
    `${target} does not send the whole chain of its certificate, or its authority is unknown here`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: (target) => `the certificate of ${target} comes from an authority this machine does not trust`,
  CERT_HAS_EXPIRED: (target) => `the certificate of ${target} has expired`,
  CERT_NOT_YET_VALID: (target) => `the certificate of ${target} is not valid yet: compare the clocks`,
  ERR_TLS_CERT_ALTNAME_INVALID: (target) => `the certificate of ${target} is for another name`,
  EPROTO: (target) => `${target} does not speak TLS, or no version that we do`,
  ERR_SSL_WRONG_VERSION_NUMBER: (target) => `${target} does not speak TLS: is it http:// rather than https://?`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: (target) => `${target} does not speak TLS: is it http:// rather than https://?`,
}

/** One line for a person about an error of node:net, node:tls, node:dns or node:http. */
export function explainConnectionError(error: unknown, target: string): string {
  const first = error instanceof AggregateError ? error.errors[0] : error
  const code = codeOf(error) ?? codeOf(first)
  if (code?.startsWith('HPE_')) return `${target} does not answer in HTTP`
  const meaning = code === undefined ? undefined : meanings[code]
  if (meaning !== undefined) return meaning(target)
  return `cannot talk to ${target}: ${first instanceof Error ? first.message : String(first)}`.slice(0, 500)
}

/** For a run whose time was up. */
export function explainTimeout(target: string, timeoutMs: number, wasConnected: boolean): string {
  const within = durationText(timeoutMs)
  return wasConnected
    ? `connected to ${target}, but no complete answer within ${within}`
    : `no connection to ${target} within ${within}: it is down, or a firewall drops the packets`
}

/** `host:port`, with the brackets that an IPv6 address needs. */
export function formatTarget(host: string, port: number | string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

function withoutPort(target: string): string {
  return target.replace(/:\d+$/, '')
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
