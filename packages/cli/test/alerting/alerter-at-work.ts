import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alerterConfigSchema } from '@nightshift/alerter/config'
import { alerter } from '@nightshift/alerter/service'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { isoTime, systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { startService } from '@nightshift/shared/service/lifecycle'
import { createLog } from '@nightshift/shared/service/log'
import { buildSubject } from '@nightshift/shared/subjects'
import { startNats } from '@nightshift/test-servers/nats'
import { onTestFinished } from 'vitest'
import type { Command, Terminal } from '../../src/commands/command.ts'

const log = createLog({ service: 'alerter', host: 'test', write: () => undefined })

export interface Ran {
  readonly code: number
  readonly out: string[]
  readonly err: string[]
}

/** A command with a terminal of its own. */
export async function run(command: Command, args: string[], terminal: Partial<Terminal> = {}): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []]
  const own: Terminal = {
    env: { USER: 'kim' },
    cwd: '/',
    isTty: false,
    columns: 100,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    ...terminal,
  }
  return { code: await command.run(args, own), out, err }
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-alerting-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A real broker with its streams, and somebody who publishes as collectors do; the alerter works when a configuration is given. */
export async function alerterAtWork(config?: object) {
  const folder = temporaryFolder()
  const server = await startNats()
  onTestFinished(() => server.stop())
  const base = baseConfigSchema.parse({ nats: { servers: [server.url] }, timezone: 'UTC' })
  const about = { host: 'test', instance: newId(Date.now()), version: '0.0.0', spoolDir: null }
  const open = (service: string, streams: readonly ('METRICS' | 'EVENTS')[]): Bus =>
    openBus({ ...base.nats, ...about, service, needs: { streams, buckets: [] } }, { clock: systemClock, log })
  const admin = open('admin', [])
  await admin.ready()
  if (admin.connection !== undefined) await bootstrap(admin.connection, base.streams)
  await admin.close()
  const bus = open('collector', ['METRICS', 'EVENTS'])
  await bus.ready()
  onTestFinished(() => bus.close(500))
  if (config !== undefined) {
    const parts = { base, config: alerterConfigSchema.parse(config), stateDir: join(folder, 'alerter'), host: 'hub', version: '0.0.0', log }
    const handle = await startService(alerter, parts)
    onTestFinished(() => handle.stop(3000))
    await until(() => handle.state === 'ready')
  }
  return {
    url: server.url,
    metric: (host: string, group: string, fields: Record<string, number>) => {
      const id = newId(Date.now())
      const event = { v: 1, id, time: isoTime(Date.now()), host, source: `collector@${host}`, correlation_id: id, group, fields }
      bus.publishMetric(buildSubject({ kind: 'metric', host, group }), event)
    },
    health: async (host: string, check: string, state: 'ok' | 'failing') => {
      const id = newId(Date.now())
      const facts = {
        check,
        kind: 'http',
        state,
        previous: null,
        consecutive: 3,
        error: state === 'ok' ? null : 'refused',
        check_event_id: null,
      }
      const event = { v: 1, id, time: isoTime(Date.now()), host, source: `collector@${host}`, correlation_id: id, ...facts }
      await bus.publishEvent(buildSubject({ kind: 'health', host, check }), event)
    },
  }
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
