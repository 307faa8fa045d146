import type { StreamName } from '../bus/bus.ts'
import { inboxPrefix } from '../bus/connect.ts'
import { streamId, streamNames } from '../bus/streams.ts'
import { encodeToken } from '../host-token.ts'
import { needsOf } from '../service/needs.ts'
import { isHostBound, type ServiceName } from '../subjects.ts'
import { backupBucket, useObjectStore } from './object-store.ts'
import {
  answerDiscovery,
  consumeDurable,
  followStream,
  grantAll,
  readBucket,
  readKeys,
  seeStreams,
  writeKeys,
  type Grants,
} from './grants.ts'

/** Who may log in. `operator` looks and asks, `admin` sets up; the others are services. */
export type Role = ServiceName | 'operator' | 'admin'

export interface UserIdentity {
  service: Role
  /** Plain host name. The operator and the admin belong to none. */
  host: string | null
}

/** One core carries 10,000 hosts (DESIGN 4); a permission cannot hold a pattern inside of a token, so each shard is named. */
const maxShards = 8
/** Replies to requests from another account come back by subjects that the server makes up, each for one request. */
const crossAccountReplies = '_R_.>'

/**
 * Everything that one user may publish and subscribe to; nothing else. There is no `allow_responses`: with it a caller picks the subject
 * on which the answer is published with the rights of the service (docs/security.md). Instead the inboxes of the callers are listed.
 */
export function permissionsFor(user: UserIdentity, namespace: string, others: readonly UserIdentity[] = []): Grants {
  if (user.service === 'admin') return { publish: ['>'], subscribe: ['>'] }
  if (user.service === 'operator') return operator(namespace, others)
  const host = user.host ?? ''
  const common = everyService(user.service, host, namespace)
  switch (user.service) {
    case 'collector':
      return grantAll(common, collector(encodeToken(host), host, namespace))
    case 'healer':
      return grantAll(common, healer(encodeToken(host), namespace))
    case 'backup':
      return grantAll(common, backup(encodeToken(host), namespace))
    case 'alerter':
      return grantAll(common, alerter(namespace))
    case 'reporter':
      return grantAll(common, reporter(namespace))
  }
}

/** Its own replies, heartbeat, endpoints and dead letters. */
function everyService(service: ServiceName, host: string, namespace: string): Partial<Grants> {
  const token = encodeToken(host)
  const ownInbox = `${inboxPrefix(service, host)}.>`
  const heartbeat = `${namespace}.agent.${token}.${service}`
  const instance = `${namespace}.rpc.${service}.${token}.instance`
  const endpoints = isHostBound(service) ? [`${namespace}.rpc.${service}.${token}.*`] : [`${namespace}.rpc.${service}.*`, instance]
  return grantAll(answerDiscovery(service), seeStreams(needsOf(service), namespace), {
    publish: [heartbeat, instance, ownInbox, crossAccountReplies, `${namespace}.dead.${service}`],
    // A second instance of ourselves is heard by its heartbeat.
    subscribe: [ownInbox, heartbeat, ...endpoints],
  })
}

/** Tells about its own host, answers for its own host, reads nothing. */
function collector(token: string, host: string, namespace: string): Partial<Grants> {
  return {
    publish: [
      ...['metric', 'check', 'health', 'progress'].map((kind) => `${namespace}.${kind}.${token}.*`),
      `${namespace}.log.${token}.*.*`,
      `${namespace}.change.${token}.security`,
      `${inboxPrefix('healer', host)}.>`,
    ],
  }
}

/** Reads the transitions of its own host, has its own locks, sees the switches that stop it, and may ask its own collector to check. */
function healer(token: string, namespace: string): Partial<Grants> {
  const ownLocks = `healer.${token}.>`
  return grantAll(
    consumeDurable(streamId('EVENTS', namespace), `healer_${token}`, `${namespace}.health.${token}.*`),
    readKeys('locks', ownLocks, namespace),
    writeKeys('locks', ownLocks, namespace),
    readKeys('control', 'kill_switch', namespace),
    readKeys('control', `hold.${token}`, namespace),
    {
      publish: [
        `${namespace}.heal.${token}.*.*`,
        `${namespace}.progress.${token}.*`,
        `${namespace}.audit.healer`,
        `${namespace}.rpc.collector.${token}.check`,
      ],
    },
  )
}

/**
 * Tells about the backups of its own host, has its own locks, may hold the healer of its own host, and has an object store of its own. What it
 * backs up of the bus itself (streams, buckets) it reads by a login that the job names: that is no right of every host.
 */
function backup(token: string, namespace: string): Partial<Grants> {
  const ownLocks = `backup.${token}.>`
  const ownHold = `hold.${token}`
  return grantAll(
    readKeys('locks', ownLocks, namespace),
    writeKeys('locks', ownLocks, namespace),
    readKeys('control', ownHold, namespace),
    writeKeys('control', ownHold, namespace),
    useObjectStore(backupBucket(token)),
    { publish: [`${namespace}.backup.${token}.*.*`, `${namespace}.progress.${token}.*`, `${namespace}.audit.backup`] },
  )
}

/** Reads metrics and events of all hosts; keeps alerts, silences, acknowledgements and the outbox. */
function alerter(namespace: string): Partial<Grants> {
  const ownBuckets = needsOf('alerter').buckets.filter((bucket) => bucket !== 'locks')
  return grantAll(
    ...followers('alerter', ['METRICS', 'EVENTS'], namespace),
    ...pastReaderNames.map((reader) => followStream(streamId('METRICS', namespace), reader)),
    ...ownBuckets.flatMap((bucket) => [readBucket(bucket, namespace), writeKeys(bucket, '>', namespace)]),
    readKeys('locks', 'alerter.>', namespace),
    writeKeys('locks', 'alerter.>', namespace),
    { publish: [`${namespace}.alert.*.*.*`, `${namespace}.notify.*.*`, `${namespace}.audit.alerter`] },
  )
}

/** Reads all streams and most buckets; writes reports, and what became of delivering them. */
function reporter(namespace: string): Partial<Grants> {
  return grantAll(
    ...followers('reporter', streamNames, namespace),
    ...needsOf('reporter').buckets.map((bucket) => readBucket(bucket, namespace)),
    { publish: [`${namespace}.report.*.*`, `${namespace}.audit.reporter`] },
  )
}

/** The names under which a service follows streams: by itself, and by each of its shards. */
function followers(service: ServiceName, streams: readonly StreamName[], namespace: string): Partial<Grants>[] {
  return streams.flatMap((stream) => readerNames(service).map((reader) => followStream(streamId(stream, namespace), reader)))
}

function readerNames(service: ServiceName): string[] {
  return [service, ...Array.from({ length: maxShards }, (_, shard) => `${service}-${shard}`)]
}

/** Each shard of the alerter reads what its rules look back on beside what comes now. */
const pastReaderNames = Array.from({ length: maxShards }, (_, shard) => `alerter-past-${shard}`)

/**
 * Looks at everything and asks everybody; changes nothing. To look into a stream the nats CLI makes a consumer with a name of its own
 * choice, so those of the services are denied: whoever pulls from them takes their messages away.
 */
function operator(namespace: string, others: readonly UserIdentity[]): Grants {
  const streams = streamNames.map((name) => streamId(name, namespace))
  const look = [
    'INFO',
    'STREAM.LIST',
    'STREAM.NAMES',
    'STREAM.INFO.*',
    'CONSUMER.LIST.*',
    'CONSUMER.NAMES.*',
    'CONSUMER.INFO.*.*',
    ...streams.flatMap((stream) => [`STREAM.MSG.GET.${stream}`, `CONSUMER.CREATE.${stream}.>`, `CONSUMER.MSG.NEXT.${stream}.*`]),
  ]
  const hosts = others.flatMap((user) => (user.service === 'healer' && user.host !== null ? [`healer_${encodeToken(user.host)}`] : []))
  const taken = [...readerNames('alerter'), ...pastReaderNames, ...readerNames('reporter'), ...hosts]
  return {
    ...grantAll({
      publish: [...look.map((verb) => `$JS.API.${verb}`), `${namespace}.rpc.>`, '$SRV.>'],
      // The inboxes of the nats CLI; no service uses them.
      subscribe: [`${namespace}.>`, '_INBOX.>'],
    }),
    denyPublish: taken.flatMap((name) => [
      `$JS.API.CONSUMER.CREATE.*.${name}`,
      `$JS.API.CONSUMER.CREATE.*.${name}.>`,
      `$JS.API.CONSUMER.MSG.NEXT.*.${name}`,
    ]),
  }
}
