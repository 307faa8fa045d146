import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApiError, jetstreamManager, type JetStreamManager, type StreamConfig, type StreamInfo } from '@nats-io/jetstream'
import { millis, type NatsConnection } from '@nats-io/transport-node'
import type { StreamsConfig } from '../config/base.ts'
import { BusError } from '../errors.ts'
import { defaultNamespace } from '../subjects.ts'
import { refusal } from './refusal.ts'
import { bucketSpecs, streamSpecs, type StreamSpec } from './streams.ts'

/** The oldest server that does all we ask for. */
const minServerVersion = '2.9.10'
/** A server that has just started, or a cluster that elects, needs a moment. */
const maxAttempts = 5
const retryMs = 400

/** What became of a stream; a bucket is the stream behind it, `KV_ops_alerts`. */
export interface Bootstrapped {
  name: string
  action: 'created' | 'updated' | 'unchanged'
  bounds: { max_bytes: number; max_age_seconds: number | null }
}

/**
 * Makes every stream and bucket of a namespace, or brings it to its configuration, and asserts that the server kept each option: old
 * servers drop what they do not know without a word. May be run again at any time. An admin's act: services have no right to it.
 */
export async function bootstrap(nc: NatsConnection, config: StreamsConfig, namespace: string = defaultNamespace): Promise<Bootstrapped[]> {
  const version = nc.info?.version ?? 'unknown'
  if (!isAtLeast(version, minServerVersion)) {
    throw new BusError(
      'server_too_old',
      `nats-server ${version} is too old; ${minServerVersion} or later is needed, best the current release`,
    )
  }
  const jsm = await jetstreamManager(nc, { checkAPI: false })
  const results: Bootstrapped[] = []
  for (const spec of [...streamSpecs(config, namespace), ...bucketSpecs(config, namespace)]) {
    results.push(await withRetries(spec, () => ensure(jsm, spec, version)))
  }
  return results
}

/** True when version `a` is `b` or later; numbers only, `2.15.1-RC.2` counts as 2.15.1. */
export function isAtLeast(a: string, b: string): boolean {
  const parse = (version: string): number[] => /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0, 0, 0]
  const [left, right] = [parse(a), parse(b)]
  const index = left.findIndex((part, at) => part !== right[at])
  return index === -1 || (left[index] ?? 0) > (right[index] ?? 0)
}

async function ensure(jsm: JetStreamManager, spec: StreamSpec, version: string): Promise<Bootstrapped> {
  const before = await find(jsm, spec.name)
  const stale = before === undefined ? [] : differences(spec, before.config)
  let action: Bootstrapped['action'] = 'unchanged'
  if (before === undefined) {
    action = 'created'
    await jsm.streams.add(spec)
  } else if (stale.length > 0) {
    action = 'updated'
    await jsm.streams.update(spec.name, { ...before.config, ...spec })
  }
  const { config } = action === 'unchanged' && before ? before : await jsm.streams.info(spec.name)
  const dropped = differences(spec, config)
  if (dropped.length > 0) {
    throw new BusError('option_not_kept', `nats-server ${version} did not keep ${dropped.join(', ')} of ${spec.name}; use a newer server`)
  }
  return {
    name: spec.name,
    action,
    bounds: { max_bytes: config.max_bytes, max_age_seconds: config.max_age === 0 ? null : millis(config.max_age) / 1000 },
  }
}

async function find(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name)
  } catch (error) {
    if (refusal(error).code === 'stream_not_found') return undefined
    throw error
  }
}

/** The options of the spec that the server has otherwise. It leaves out what is false, zero or empty. */
function differences(spec: StreamSpec, config: StreamConfig): string[] {
  return Object.entries(spec)
    .filter(([option, wanted]) => {
      const actual = config[option as keyof StreamConfig]
      const isUnset = wanted === false || wanted === 0
      return !(isUnset && actual === undefined) && JSON.stringify(actual) !== JSON.stringify(wanted)
    })
    .map(([option]) => option)
}

async function withRetries<T>(spec: StreamSpec, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const refused = refusal(error)
      // Somebody else bootstraps at the same time: the next look finds what he made.
      const again = refused.transient || refused.code === 'stream_exists'
      if (!again || tries === maxAttempts) throw explain(spec, error)
      await sleep(retryMs)
    }
  }
}

/** What a person can do about it. */
function explain(spec: StreamSpec, error: unknown): BusError {
  const { code, message, transient } = refusal(error)
  const hints: Record<string, string> = {
    no_resources: `the server has no room for its ${spec.max_bytes} bytes; raise max_file_store (or max_memory_store) of nats-server, or lower max_bytes in streams`,
    no_responder: 'JetStream does not answer; is it enabled (nats-server -js), and for this account?',
    permission_denied: 'this user may not do it; run bootstrap as the admin user',
    subjects_overlap: 'another stream takes the same subjects; remove it, or choose another namespace',
    no_cluster: 'set streams.replicas to 1, or connect to a cluster of as many servers',
    invalid_config:
      'an option that cannot be changed afterwards differs (storage, for instance); remove the stream with `nats stream rm` to have it made anew',
  }
  const hint = hints[code]
  return new BusError(code, `cannot set up ${spec.name}: ${message}${hint === undefined ? '' : `; ${hint}`}`, {
    cause: error instanceof JetStreamApiError ? undefined : error,
    transient,
  })
}
