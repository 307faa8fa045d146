import { join } from 'node:path'
import type { NatsConfig } from '@nightshift/shared/config/base'
import { renderAccounts } from '@nightshift/shared/permissions/server-config'
import type { Role } from '@nightshift/shared/permissions/subjects-for'
import { UserStore } from '@nightshift/shared/permissions/users'
import { writePrivate } from '../data-folder/write-private.ts'

export const accountsFile = 'accounts.conf'

/** The folder of the embedded broker in a data folder: its configuration, users, keys and store. */
export function brokerFolder(dataFolder: string): string {
  return join(dataFolder, 'nats')
}

/** The users of the embedded broker; made at the first start. */
export function openUsers(dataFolder: string): UserStore {
  return new UserStore(brokerFolder(dataFolder))
}

/** Writes what the server reads about its users; it must reload afterwards. */
export function writeAccounts(dataFolder: string, store: UserStore, namespace: string): void {
  writePrivate(join(brokerFolder(dataFolder), accountsFile), renderAccounts(store.users, namespace))
}

/** How a service of this host logs in. */
export function loginOf(store: UserStore, service: Role, host: string | null, server: string): NatsConfig {
  return { servers: [server], nkey: store.localSeed({ service, host }) }
}

/** The URL of the operator, with its password: for run.json and the nats CLI. */
export function operatorUrl(store: UserStore, server: string): string {
  const { user, password } = store.operator()
  return server.replace('://', `://${user}:${password}@`)
}
