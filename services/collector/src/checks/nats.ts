import { readFileSync } from 'node:fs'
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { hasLeader, isLagging, listOf, textOf, within } from '../databases/nats/figures.ts'
import { firstToGreet } from '../databases/nats/greeting.ts'
import type { ServerAddress } from '../databases/server-address.ts'
import { orAborted } from '../databases/session.ts'
import { failed, passed, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { explainConnectionError, explainTimeout } from '../network/connection-error.ts'
import { durationText } from '../duration-text.ts'

type NatsCheckConfig = Extract<CheckConfig, { kind: 'nats' }>
type Client = typeof import('@nats-io/transport-node')

const streamNotFound = 10_059

/** A NATS server lets us in and answers a ping; where a stream is named, it is there, with a leader and all its replicas. */
export const natsCheck: CheckKind<'nats'> = {
  kind: 'nats',
  async run(config, options) {
    const client = await import('@nats-io/transport-node')
    const target = config.servers.join(', ')
    const progress = { connected: false }
    const detail: Record<string, string | number> = { target }
    let attempt: Promise<NatsConnection> | undefined
    try {
      const address = await firstToGreet(config.servers, progress, options.signal)
      attempt = connectTo(client, config, address, options)
      const connection = await orAborted(attempt, options.signal)
      detail['server'] = address.target
      detail['version'] = connection.info?.version ?? ''
      detail['rtt_seconds'] = (await orAborted(connection.rtt(), options.signal)) / 1000
      const complaint =
        config.stream === undefined ? undefined : await orAborted(judgeStream(connection, config, options, detail), options.signal)
      if (complaint !== undefined) return failed(complaint, detail)
      return judgeLatency(config, options, detail)
    } catch (error) {
      return failed(explain(error, client, target, options, progress.connected), detail)
    } finally {
      // Also one that comes about after the time was up.
      attempt?.then(async (connection) => await connection.close()).catch(() => undefined)
    }
  },
}

async function connectTo(
  client: Client,
  config: NatsCheckConfig,
  { host, target }: ServerAddress,
  { timeoutMs }: RunOptions,
): Promise<NatsConnection> {
  return await client.connect({
    servers: target,
    name: 'nightshift check',
    reconnect: false,
    timeout: timeoutMs,
    noAsyncTraces: true,
    ...login(client, config),
    ...(config.tls === undefined ? {} : { tls: tlsOf(config.tls, host) }),
  })
}

function login(client: Client, { user, password, token, nkey, creds_file: credsFile }: NatsCheckConfig): NodeConnectionOptions {
  if (credsFile !== undefined) return { authenticator: client.credsAuthenticator(readCreds(credsFile)) }
  if (nkey !== undefined) return { authenticator: client.nkeyAuthenticator(new TextEncoder().encode(nkey)) }
  if (token !== undefined) return { token }
  return user === undefined ? {} : { user, pass: password ?? '' }
}

/** Read anew for each run: it may be renewed. */
function readCreds(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new EffectError('unreadable_file', `cannot read ${file}, which holds the credentials`, { cause })
  }
}

/** Without a name or address of ours the client holds the certificate of an address against `localhost`. */
function tlsOf(tls: NonNullable<NatsCheckConfig['tls']>, host: string): NonNullable<NodeConnectionOptions['tls']> {
  return {
    ...(tls.server_name === undefined ? { host } : { servername: tls.server_name }),
    ...(tls.ca_file === undefined ? {} : { caFile: tls.ca_file }),
    ...(tls.cert_file === undefined ? {} : { certFile: tls.cert_file }),
    ...(tls.key_file === undefined ? {} : { keyFile: tls.key_file }),
    rejectUnauthorized: !tls.insecure,
  }
}

/** What is wrong with the stream; undefined when nothing is. */
async function judgeStream(
  connection: NatsConnection,
  { stream = '', js_domain: domain }: NatsCheckConfig,
  { timeoutMs }: RunOptions,
  detail: Record<string, string | number>,
): Promise<string | undefined> {
  const subject = `$JS.${domain === undefined ? '' : `${domain}.`}API.STREAM.INFO.${stream}`
  const answer = (await connection.request(subject, '', { timeout: timeoutMs })).json<Record<string, unknown>>()
  const error = within(answer, 'error')
  if (error['err_code'] === streamNotFound) return `there is no stream ${stream}`
  if (answer['error'] !== undefined) return `JetStream cannot tell about stream ${stream}: ${textOf(error['description']).slice(0, 200)}`
  const cluster = within(answer, 'cluster')
  const replicas = listOf(cluster['replicas'])
  const wanted = Number(within(answer, 'config')['num_replicas'] ?? 1)
  detail['stream'] = stream
  detail['messages'] = Number(within(answer, 'state')['messages'] ?? 0)
  detail['replicas'] = wanted
  if (wanted > 1 && !hasLeader(cluster)) return `stream ${stream} has no leader: it takes no messages`
  const lagging = replicas.filter(isLagging)
  const names = lagging.map((replica) => `${textOf(replica['name'])}${replica['offline'] === true ? ' (offline)' : ''}`).join(', ')
  if (lagging.length > 0) return `${lagging.length} of ${wanted} replicas of stream ${stream} are not current: ${names}`.slice(0, 500)
  if (replicas.length + 1 < wanted) return `stream ${stream} has ${replicas.length + 1} of ${wanted} replicas`
  return undefined
}

function judgeLatency(config: NatsCheckConfig, options: RunOptions, detail: Outcome['detail']): Outcome {
  const tookMs = options.elapsedMs()
  return config.max_latency !== undefined && tookMs > config.max_latency
    ? failed(`answered in ${durationText(tookMs)}, slower than the ${durationText(config.max_latency)} that are allowed`, detail)
    : passed(detail)
}

function explain(error: unknown, { errors }: Client, target: string, { signal, timeoutMs }: RunOptions, wasConnected: boolean): string {
  if (error instanceof NightshiftError) return `${target}: ${error.message}`
  if (signal.aborted || error instanceof errors.TimeoutError) return explainTimeout(target, timeoutMs, wasConnected)
  if (error instanceof errors.UserAuthenticationExpiredError) return `the credentials for ${target} have expired`
  if (error instanceof errors.AuthorizationError) return `${target} refuses the login: look at user, password, token, nkey or creds_file`
  if (error instanceof errors.NoRespondersError) return `${target} has no JetStream, or this user may not use it`
  if (error instanceof errors.PermissionViolationError) return `${target} does not let this user ask: grant it ${error.subject}`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return explainConnectionError(cause, target)
}
