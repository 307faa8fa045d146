import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { compareFacts } from '../../../src/sources/facts.ts'
import { createLoader, createSource } from '../../../src/sources/registry.ts'
import { findProgram } from '../../../src/sources/process/find-program.ts'
import type { Facts } from '../../../src/sources/source.ts'
import { dumpTo, sourceContext, temporaryFolder } from '../source-context.ts'

const run = promisify(execFile)
const image = process.env['DOCKER_TEST_IMAGE'] ?? 'base:bookworm'
const postgres = findProgram(['initdb'])
const redis = findProgram(['redis-server'])

/** The image is a bare Debian; the servers come from this host, read-only. */
async function obstacleOf(): Promise<string | undefined> {
  if (postgres === undefined || redis === undefined) return 'no initdb and redis-server on this host'
  return await run('docker', ['image', 'inspect', image], { timeout: 5000 }).then(
    () => undefined,
    () => `no Docker daemon that has the image ${image}: name one with DOCKER_TEST_IMAGE`,
  )
}

const obstacle = await obstacleOf()
if (obstacle !== undefined) process.stdout.write(`skipped: dumps inside real containers: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('inside a real container', () => {
  let container = ''

  beforeAll(async () => {
    const script = [
      'echo Inside-5ecret > /data/password',
      'initdb -D /data/pg -U postgres -A scram-sha-256 --pwfile /data/password > /data/log',
      'redis-server --port 6379 --requirepass Inside-5ecret --repl-diskless-sync-delay 0 --dir /data > /data/redis.log &',
      'exec postgres -D /data/pg -c fsync=off -c unix_socket_directories=/tmp',
    ].join('\n')
    const path = `PATH=${findProgram(['postgres'])?.startsWith('/usr/lib') === true ? '' : '/usr/lib/postgresql/15/bin:'}/usr/bin:/bin`
    const options = [
      '-d',
      '--rm',
      '--network',
      'none',
      '--user',
      '65534:65534',
      '--tmpfs',
      '/data:uid=65534,mode=700',
      '-v',
      '/usr:/usr:ro',
      '-e',
      path,
      '-e',
      'PGHOST=/tmp',
    ]
    container = (await run('docker', ['run', ...options, image, 'sh', '-c', script])).stdout.trim()
    const deadline = performance.now() + 30_000
    while (performance.now() < deadline) {
      const isReady = await psql('SELECT 1').then(
        () => true,
        () => false,
      )
      if (isReady) break
      await sleep(200)
    }
    await psql('CREATE DATABASE shop')
    await psql('CREATE TABLE items AS SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 50000) n', 'shop')
    await run('docker', ['exec', container, 'redis-cli', '-a', 'Inside-5ecret', 'SET', 'key', 'value'])
  }, 60_000)
  afterAll(async () => {
    if (container !== '') await run('docker', ['rm', '-f', container])
  }, 30_000)

  async function psql(sql: string, database = 'postgres'): Promise<string> {
    const args = ['exec', '-e', 'PGPASSWORD=Inside-5ecret', container, 'psql', '-U', 'postgres', '-XAtc', sql, database]
    return (await run('docker', args)).stdout.trim()
  }

  async function dumped(more: object): Promise<{ folder: string; facts: Facts }> {
    const folder = temporaryFolder()
    const source = await createSource(sourceSchema.parse({ kind: 'docker', container, password: 'Inside-5ecret', ...more }))
    const material = await source.open(sourceContext())
    try {
      await dumpTo(material, folder)
      return { folder, facts: await material.finish() }
    } finally {
      await material.close()
    }
  }

  test('a PostgreSQL is dumped, and a drill finds exactly the rows that were counted in the same snapshot', async () => {
    let isWriting = true
    const writing = (async () => {
      while (isWriting) await psql("INSERT INTO items SELECT 0, 'more' FROM generate_series(1, 100)", 'shop')
    })()
    const { folder, facts } = await dumped({ preset: 'postgres', databases: ['shop'] })
    isWriting = false
    await writing
    expect(facts['rows.shop.public.items']).toBeGreaterThanOrEqual(50_000)
    const loader = await createLoader(sourceSchema.parse({ kind: 'docker', container, preset: 'postgres' }), sourceContext())
    const scratch = await loader?.scratch()
    if (loader === undefined || scratch === undefined) throw new Error('no loader')
    try {
      await loader.load(folder, scratch.target, {})
      expect(compareFacts(facts, await scratch.count())).toEqual({ compared: 1, mismatches: [] })
    } finally {
      await scratch.stop()
    }
  }, 60_000)

  test('a Redis is dumped', async () => {
    const { facts } = await dumped({ preset: 'redis' })
    expect(facts['keys']).toBe(1)
  }, 30_000)

  test('a wrong password and a missing container are told', async () => {
    await expect(dumped({ preset: 'postgres', password: 'Wrong-5ecret' })).rejects.toMatchObject({
      code: 'dump_failed',
      message: expect.stringContaining('password authentication failed'),
    })
    await expect(dumped({ container: 'nightshift-none', argv: ['true'], password: undefined })).rejects.toMatchObject({
      code: 'dump_failed',
      message: expect.stringContaining('nightshift-none'),
    })
  }, 30_000)
})
