import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { containerObstacle, docker } from './containers.ts'
import { runCheck } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-docker-'))
afterAll(() => rmSync(folder, { recursive: true }))

const image = process.env['CONTAINER_IMAGE'] ?? 'base:bookworm'
const obstacle = containerObstacle(image, 'CONTAINER_IMAGE')

describe.skipIf(obstacle !== '')(`a real container${obstacle === '' ? '' : ` (skipped: ${obstacle})`}`, () => {
  const label = `nightshift.test=${process.pid}-${Date.now()}`
  const prefix = `nightshift-test-${process.pid}`
  const health = ['--health-cmd', 'test ! -e /tmp/ill', '--health-interval', '200ms', '--health-retries', '1']
  const names = { healthy: `${prefix}-healthy`, plain: `${prefix}-plain` }

  beforeAll(() => {
    docker('run', '-d', '--name', names.healthy, '--label', label, ...health, image, 'sleep', '300')
    docker('run', '-d', '--name', names.plain, '--label', label, image, 'sleep', '300')
  })
  afterAll(() => void docker('rm', '-f', ...Object.values(names)))

  test('is healthy, then unhealthy, then stopped, then gone', async () => {
    const name = names.healthy
    await vi.waitFor(async () => expect(await runCheck('docker', { name, require_health: true })).toMatchObject({ ok: true }), {
      timeout: 20_000,
      interval: 100,
    })
    expect(await runCheck('docker', { name })).toEqual({
      ok: true,
      error: null,
      detail: { status: 'running', health: 'healthy', restarts: 0 },
    })
    expect((await runCheck('docker', { name: names.plain, require_health: true })).error).toContain('has no HEALTHCHECK')
    docker('exec', name, 'touch', '/tmp/ill')
    await vi.waitFor(async () => expect((await runCheck('docker', { name })).error).toContain(`container ${name} is unhealthy`), {
      timeout: 20_000,
      interval: 100,
    })
    expect((await runCheck('docker', { label })).error).toContain(`container ${name} is unhealthy`)
    docker('kill', name)
    expect((await runCheck('docker', { name })).error).toBe(
      `container ${name} is exited (exit code 137); \`docker logs ${name}\` says more`,
    )
    expect(await runCheck('docker', { label })).toMatchObject({ ok: true, detail: { count: 2, running: 1 } })
    expect((await runCheck('docker', { label, min_count: 2 })).error).toContain(`1 containers with the label ${label} run, fewer than 2`)
    docker('rm', name)
    expect((await runCheck('docker', { name })).error).toBe(`there is no container ${name}: it was removed, or has another name`)
    docker('run', '-d', '--name', name, '--label', label, image, 'sleep', '300')
  })
})

test('without a socket the check is unsupported, and with a dead one Docker is down', async () => {
  expect(await runCheck('docker', { name: 'web', socket: join(folder, 'none.sock') })).toMatchObject({
    ok: null,
    error: expect.stringContaining('Docker is not installed, or in a container its socket is not mounted'),
  })
  expect(await runCheck('docker', { name: 'web', socket: folder })).toMatchObject({ ok: false })
})

test('what answers there may be slow, wrong or no Docker at all', async () => {
  const socket = join(folder, 'fake.sock')
  const answers = [
    { status: 500, body: '{"message":"the daemon is ill"}' },
    { status: 200, body: '<html>' },
    { status: 200, body: 'null' },
    { status: 200, body: 'x'.repeat(9 * 1024 * 1024) },
  ]
  const server = createServer((_, response) => {
    const answer = answers.shift()
    if (answer !== undefined) response.writeHead(answer.status).end(answer.body)
  }).listen(socket)
  await once(server, 'listening')
  const error = async () => (await runCheck('docker', { name: 'web', socket, timeout: '400ms' })).error
  expect(await error()).toBe('Docker answers 500: the daemon is ill')
  expect(await error()).toBe(`Docker cannot be asked on ${socket}: what answers there does not speak JSON`)
  expect(await error()).toContain('container web is unknown')
  expect(await error()).toContain('it answers with more than')
  expect(await error()).toBe(`Docker did not answer on ${socket} within 400ms`)
  server.closeAllConnections()
  server.close()
})
