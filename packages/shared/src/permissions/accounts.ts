import { bucketId, bucketStreamId, streamId, streamNames } from '../bus/streams.ts'
import { encodeToken } from '../host-token.ts'
import { backupBucket, nextMessageVerb, objectStoreVerbs, objectSubjects } from './object-store.ts'
import type { Role, UserIdentity } from './subjects-for.ts'

/**
 * Zones of trust, each a NATS account. The streams and the services that serve all hosts are in `core`. What runs on hosts, and people who
 * look, are outside and reach in through named doors only. This is what confines a stolen credential: the server sends its answers (the
 * acknowledgement of a publish, a message that was asked for) to whatever reply subject the asker names, and does not check that subject
 * against the asker's permissions. In one account a collector could so write into any bucket, and with the right to read a bucket delete a
 * stream. Through a door the reply subject is replaced, and the answer ends in the asker's own account, where nothing listens
 * (docs/adr/0004, measured on 2.9.10 and 2.15.1).
 */
export const zones = ['core', 'hosts', 'view'] as const
export type Zone = (typeof zones)[number]

const zoneOf: Record<Role, Zone> = {
  admin: 'core',
  alerter: 'core',
  reporter: 'core',
  collector: 'hosts',
  healer: 'hosts',
  backup: 'hosts',
  operator: 'view',
}

export function zoneOfRole(role: Role): Zone {
  return zoneOf[role]
}

/** The account's name on the server: `OPS`, `OPS_HOSTS`, `OPS_VIEW`. */
export function accountId(zone: Zone, namespace: string): string {
  return namespace.toUpperCase() + (zone === 'core' ? '' : `_${zone.toUpperCase()}`)
}

/** A way into another account. */
export interface Door {
  from: Zone
  to: Zone
  subject: string
  /** `answers`: a request may have many. `messages`: not requests, but what is published there. */
  kind: 'answer' | 'answers' | 'messages'
}

/**
 * The server answers `$JS.API` in every account by itself, and says that JetStream is off there. So outside of `core` it is mapped to this
 * prefix, and the doors lead back. Clients notice nothing; permissions are checked after the mapping.
 */
export const mappedApi = '_JS_API'
export const jetStreamApi = '$JS.API'

/** All doors of a namespace, for these users. */
export function doors(namespace: string, users: readonly UserIdentity[]): Door[] {
  const backedUp = users.flatMap(({ service, host }) => (service === 'backup' && host !== null ? [encodeToken(host)] : []))
  return [...hostDoors(namespace), ...new Set(backedUp).values().flatMap(objectStoreDoors), ...viewDoors(namespace)]
}

/** The way of a host's backups into the object store that is its own. */
function objectStoreDoors(token: string): Door[] {
  const bucket = backupBucket(token)
  const door = (subject: string, kind: Door['kind'] = 'answer'): Door => ({ from: 'hosts', to: 'core', subject, kind })
  return [
    ...objectStoreVerbs(bucket).map((verb) => door(`${jetStreamApi}.${verb}`)),
    door(`${jetStreamApi}.${nextMessageVerb(bucket)}`, 'answers'),
    door(objectSubjects(bucket)),
  ]
}

/** What hosts may say, and what healers and backups read and keep. Which host, the permissions of each user say. */
function hostDoors(namespace: string): Door[] {
  const events = streamId('EVENTS', namespace)
  const locks = bucketStreamId('locks', namespace)
  const control = bucketStreamId('control', namespace)
  const door = (subject: string, kind: Door['kind'] = 'answer'): Door => ({ from: 'hosts', to: 'core', subject, kind })
  return [
    ...['metric', 'check', 'agent', 'health', 'log', 'progress', 'heal', 'backup', 'dead'].map((kind) => door(`${namespace}.${kind}.>`)),
    door(`${namespace}.audit.healer`),
    door(`${namespace}.audit.backup`),
    ...[...streamNames.map((name) => streamId(name, namespace)), locks, control].map((stream) =>
      door(`${jetStreamApi}.STREAM.INFO.${stream}`),
    ),
    door(`${jetStreamApi}.CONSUMER.CREATE.${events}.>`),
    door(`${jetStreamApi}.CONSUMER.INFO.${events}.*`),
    door(`${jetStreamApi}.CONSUMER.MSG.NEXT.${events}.*`, 'answers'),
    door(`$JS.ACK.${events}.>`),
    door(`$JS.ACK.*.*.${events}.>`),
    door(`${jetStreamApi}.DIRECT.GET.${locks}.>`),
    door(`${jetStreamApi}.DIRECT.GET.${control}.>`),
    door(`$KV.${bucketId('locks', namespace)}.>`),
    door(`$KV.${bucketId('control', namespace)}.hold.*`),
    // So that `nats micro ls` finds what runs on hosts.
    { from: 'core', to: 'hosts', subject: '$SRV.>', kind: 'answers' },
  ]
}

/** What people may look at and whom they may ask. */
function viewDoors(namespace: string): Door[] {
  const look = [
    'INFO',
    'STREAM.LIST',
    'STREAM.NAMES',
    'STREAM.INFO.*',
    'STREAM.MSG.GET.*',
    'CONSUMER.LIST.*',
    'CONSUMER.NAMES.*',
    'CONSUMER.INFO.*.*',
    'CONSUMER.CREATE.>',
  ]
  const door = (to: Zone, subject: string, kind: Door['kind'] = 'answer'): Door => ({ from: 'view', to, subject, kind })
  return [
    // From both: what came in by a door is not passed on by another.
    door('core', `${namespace}.>`, 'messages'),
    door('hosts', `${namespace}.>`, 'messages'),
    ...look.map((verb) => door('core', `${jetStreamApi}.${verb}`)),
    door('core', `${jetStreamApi}.CONSUMER.MSG.NEXT.*.*`, 'answers'),
    ...['alerter', 'reporter'].map((service) => door('core', `${namespace}.rpc.${service}.>`)),
    ...['collector', 'backup', 'healer'].map((service) => door('hosts', `${namespace}.rpc.${service}.>`)),
    door('core', '$SRV.>', 'answers'),
  ]
}
