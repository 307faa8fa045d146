import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import type { NatsServer } from '@nightshift/test-servers/nats'
import { onTestFinished } from 'vitest'
import { bootstrap } from '../../src/bus/bootstrap.ts'
import { baseConfigSchema, type BaseConfig } from '../../src/config/base.ts'
import type { StartOptions } from '../../src/service/lifecycle.ts'
import { createLog } from '../../src/service/log.ts'
import type { RunningService, ServiceContext, ServiceDefinition } from '../../src/service/service.ts'

export interface StubConfig {
  word: string
}

/** A service that does nothing but tell what happens to it. */
export interface Stub {
  definition: ServiceDefinition<StubConfig>
  happened: string[]
  context(): ServiceContext<StubConfig>
}

export function stubService(
  over: Partial<RunningService<StubConfig>> & { start?: () => Promise<void> } = {},
  name: ServiceDefinition<unknown>['name'] = 'alerter',
): Stub {
  const happened: string[] = []
  let context: ServiceContext<StubConfig> | undefined
  const { start, ...running } = over
  const definition: ServiceDefinition<StubConfig> = {
    name,
    port: 0,
    description: 'A service for tests',
    start: async (given) => {
      context = given
      happened.push(`start ${given.config.word}`)
      await start?.()
      return {
        notReady: () => [],
        self: () => ({ jobs_total: 1 }),
        reload: async (config) => {
          if (config.word === 'bad') throw new Error('bad word')
          happened.push(`reload ${config.word}`)
        },
        stop: async () => {
          happened.push('stop')
        },
        ...running,
      }
    },
  }
  return {
    definition,
    happened,
    context: () => {
      if (context === undefined) throw new Error('not started')
      return context
    },
  }
}

export function testBase(url: string): BaseConfig {
  return baseConfigSchema.parse({
    nats: { servers: [url] },
    streams: {
      metrics: { max_bytes: '64MiB' },
      events: { max_bytes: '64MiB' },
      logs: { max_bytes: '64MiB' },
      audit: { max_bytes: '64MiB' },
      dead: { max_bytes: '64MiB' },
    },
  })
}

export function startOptions(url: string, over: Partial<StartOptions<StubConfig>> = {}): StartOptions<StubConfig> & { lines: string[] } {
  const lines: string[] = []
  const log = createLog({ service: 'test', host: 'web-1', level: 'debug', write: (line) => void lines.push(line) })
  const stateDir = mkdtempSync(join(tmpdir(), 'nightshift-state-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  return { base: testBase(url), config: { word: 'one' }, stateDir, host: 'web-1', version: '0.0.1', log, lines, ...over }
}

/** Streams and buckets, as an admin makes them. */
export async function provision(server: NatsServer): Promise<void> {
  const connection = await connect({ servers: server.url })
  await bootstrap(connection, testBase(server.url).streams)
  await connection.close()
}

export async function eventually(check: () => void | Promise<void>, deadlineMs = 15_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > endMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
