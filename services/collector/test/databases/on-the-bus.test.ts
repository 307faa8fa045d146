import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import type { DatabaseServer } from '@nightshift/test-servers/postgres'
import { brokerWithListener, startCollector } from '../service-on-broker.ts'

const obstacle = postgresObstacle() ?? mariadbObstacle() ?? redisObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)
const patience = { timeout: 20_000, interval: 50 }

describe.skipIf(obstacle !== undefined)(
  `a collector that watches databases${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`,
  () => {
    const servers: DatabaseServer[] = []
    beforeAll(async () => {
      servers.push(await startPostgres(), await startMariadb(), await startRedis())
    }, 60_000)
    afterAll(async () => await Promise.all(servers.map(async (server) => await server.stop())))

    test('tells of them on the bus, and one that hangs holds up nothing', async () => {
      const [postgres, mysql, redis] = servers.map(({ port, user, password }) => ({ host: '127.0.0.1', port, user, password }))
      const { server, heard } = await brokerWithListener()
      const hung = { ...redis, timeout: '1s' }
      await startCollector(server.url, {
        every: '250ms',
        groups: {
          postgres: { every: '250ms', targets: { main: postgres } },
          mysql: { every: '250ms', targets: { main: mysql } },
          redis: { every: '250ms', targets: { main: hung } },
        },
        checks: {
          db: { kind: 'postgres', every: '250ms', ...postgres, query: 'SELECT 1', expect: 1 },
          shop: { kind: 'mysql', every: '250ms', ...mysql, database: 'shop' },
          cache: { kind: 'redis', every: '250ms', timeout: '1s', failures: 2, ...redis },
        },
      })
      const last = (group: string) => heard.of('metric').findLast(({ event }) => event.group === group)?.event.items?.[0]
      await vi.waitFor(() => {
        for (const group of ['postgres', 'mysql', 'redis']) expect(last(group)).toMatchObject({ target: 'main', up: 1 })
        const healthy = heard.of('health').map(({ event }) => `${event.check} ${event.state}`)
        expect(healthy.toSorted()).toEqual(['cache ok', 'db ok', 'shop ok'])
      }, patience)
      await servers[2]?.kill('SIGSTOP')
      await vi.waitFor(() => {
        expect(last('redis')).toMatchObject({ up: 0, keys: null })
        expect(heard.of('health').findLast(({ event }) => event.check === 'cache')?.event).toMatchObject({ state: 'failing' })
      }, patience)
      const looks = (): number => heard.of('metric').filter(({ event }) => event.group === 'postgres').length
      const before = looks()
      await vi.waitFor(() => expect(looks()).toBeGreaterThan(before + 3), patience)
      expect(last('postgres')).toMatchObject({ up: 1 })
      await servers[2]?.kill('SIGCONT')
      await vi.waitFor(() => {
        expect(last('redis')).toMatchObject({ up: 1 })
        expect(heard.of('health').findLast(({ event }) => event.check === 'cache')?.event).toMatchObject({ state: 'ok' })
      }, patience)
      expect(heard.of('dead')).toEqual([])
    })
  },
)
