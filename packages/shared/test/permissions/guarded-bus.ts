import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, nkeyAuthenticator, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { inboxPrefix } from '../../src/bus/connect.ts'
import { bucketSpecs, streamSpecs } from '../../src/bus/streams.ts'
import type { NatsConfig, StreamsConfig } from '../../src/config/base.ts'
import { renderAccounts } from '../../src/permissions/server-config.ts'
import type { UserIdentity } from '../../src/permissions/subjects-for.ts'
import { UserStore } from '../../src/permissions/users.ts'

export const identities = {
  admin: { service: 'admin', host: null },
  collector: { service: 'collector', host: 'web-1' },
  otherCollector: { service: 'collector', host: 'db-1' },
  healer: { service: 'healer', host: 'web-1' },
  otherHealer: { service: 'healer', host: 'db-1' },
  backup: { service: 'backup', host: 'web-1' },
  otherBackup: { service: 'backup', host: 'db-1' },
  alerter: { service: 'alerter', host: 'web-1' },
  reporter: { service: 'reporter', host: 'web-1' },
} as const satisfies Record<string, UserIdentity>

export type Login = keyof typeof identities | 'operator'

const mebibyte = 1024 ** 2
const bounds = { max_age: 3_600_000, max_bytes: 16 * mebibyte }
const small: StreamsConfig = {
  replicas: 1,
  metrics: { ...bounds, storage: 'file' },
  events: bounds,
  logs: bounds,
  audit: bounds,
  dead: bounds,
}

/** A broker with the users, rights, streams and buckets of a small fleet: `web-1` with all services, and `db-1`. */
export interface GuardedBus {
  server: NatsServer
  /** Where nothing is refused, and everything in the account of the streams is seen. */
  admin: NatsConnection
  users: UserStore
  credentials(login: Login): ConnectionOptions
  /** As it stands in the configuration of a service. */
  natsConfig(login: Exclude<Login, 'operator'>): NatsConfig
  as(login: Login): Promise<NatsConnection>
  /** Writes the users of now into the server's configuration, and has the server read it. */
  reload(): Promise<void>
  stop(): Promise<void>
}

export async function startGuardedBus(): Promise<GuardedBus> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-users-'))
  const users = new UserStore(folder)
  const seeds = new Map(Object.entries(identities).map(([login, identity]) => [login, users.localSeed(identity)]))
  const operator = users.operator()
  const server = await startNats({ config: renderAccounts(users.users, 'ops') })
  const open: NatsConnection[] = []
  const credentials = (login: Login): ConnectionOptions => {
    if (login === 'operator') return { user: operator.user, pass: operator.password }
    const { service, host } = identities[login]
    return {
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seeds.get(login))),
      inboxPrefix: inboxPrefix(service, host ?? 'fleet'),
    }
  }
  const as = async (login: Login): Promise<NatsConnection> => {
    const connection = await connect({ servers: server.url, reconnect: false, name: login, ...credentials(login) })
    open.push(connection)
    return connection
  }
  const admin = await as('admin')
  const manager = await jetstreamManager(admin)
  for (const spec of [...streamSpecs(small, 'ops'), ...bucketSpecs(small, 'ops')])
    await manager.streams.add({ ...spec, max_bytes: 16 * mebibyte })
  return {
    server,
    admin,
    users,
    credentials,
    reload: async () => {
      const file = join(server.storeDir, '..', 'nats.conf')
      const before = readFileSync(file, 'utf8')
      writeFileSync(file, before.slice(0, before.indexOf('accounts {')) + renderAccounts(users.users, 'ops'))
      await server.kill('SIGHUP')
    },
    natsConfig: (login) => ({ servers: [server.url], nkey: seeds.get(login) }),
    as,
    stop: async () => {
      await Promise.all(open.map((connection) => connection.close()))
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
