import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { dial } from '@nightshift/shared/bus/connect'
import { streamId } from '@nightshift/shared/bus/streams'
import { isoTime } from '@nightshift/shared/clock'
import type { BaseConfig } from '@nightshift/shared/config/base'
import { BusError, ConfigError } from '@nightshift/shared/errors'
import type { ChangeEvent } from '@nightshift/shared/events/change'
import { newId } from '@nightshift/shared/ids'
import { buildSubject, filterSubject, type Kind } from '@nightshift/shared/subjects'
import { loginOf, openUsers, writeAccounts } from '../broker/broker-users.ts'
import { readRunFile } from '../data-folder/run-file.ts'
import { splitUrl } from '../operator/connect-operator.ts'
import { version } from '../version.ts'
import { signalReload } from './signal-reload.ts'

export interface ForgetHostOptions {
  host: string
  dataFolder: string
  base: BaseConfig
}

const maxAttempts = 10
const retryMs = 300
const measured: readonly Kind[] = ['metric', 'check', 'agent']

/**
 * Ends a host for good: its credentials are worth nothing from now on, its measurements are thrown away, and `ops.change.<host>.forgotten`
 * tells the alerter to resolve its alerts and the console to drop it. Its history in EVENTS stays.
 */
export async function forgetHost({ host, dataFolder, base }: ForgetHostOptions, out: (line: string) => void): Promise<void> {
  const run = readRunFile(dataFolder)
  if (host === run.host) throw new ConfigError('own_host', `${host} is this host, and it is watched as long as nightshift runs here`)
  const users = openUsers(dataFolder)
  const now = Date.now()
  const id = newId(now)
  const connection = await dial({
    ...loginOf(users, 'admin', null, splitUrl(run.nats_url).server),
    service: 'admin',
    host: 'cli',
    instance: id,
    version,
    namespace: base.namespace,
    spoolDir: null,
    needs: { streams: [], buckets: [] },
  })
  try {
    // Connected before the broker reads its users again: for that moment nats-server 2.9 lets nobody in, and its JetStream does not answer.
    const removed = users.removeHost(host)
    writeAccounts(dataFolder, users, base.namespace)
    signalReload(dataFolder)
    const event: ChangeEvent = {
      v: 1,
      id,
      time: isoTime(now),
      host,
      source: `cli@${hostname().toLowerCase()}`,
      correlation_id: id,
      what: 'forgotten',
      actor: process.env['SUDO_USER'] ?? process.env['USER'] ?? 'operator',
      summary: `${host} is no longer watched`,
      version: null,
    }
    await patiently(() =>
      jetstream(connection).publish(buildSubject({ kind: 'change', host, what: 'forgotten' }, base.namespace), JSON.stringify(event), {
        msgID: id,
      }),
    )
    const manager = await jetstreamManager(connection, { checkAPI: false })
    for (const kind of measured) {
      await patiently(() =>
        manager.streams.purge(streamId('METRICS', base.namespace), { filter: filterSubject(kind, { host }, base.namespace) }),
      )
    }
    out(
      `${host} is forgotten: ${removed} user${removed === 1 ? '' : 's'} removed, its alerts resolve, its measurements are gone. Stop what still runs there.`,
    )
  } finally {
    await connection.close()
  }
}

async function patiently<T>(task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      if (attempt >= maxAttempts)
        throw new BusError('bus_refused', 'the broker does not answer; try again', { cause: error, transient: true })
      await delay(retryMs)
    }
  }
}
