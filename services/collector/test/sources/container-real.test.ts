import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, expect, test, vi } from 'vitest'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { containerSource } from '../../src/sources/container.ts'
import type { Item } from '../../src/sources/source.ts'
import { config } from '../service-on-broker.ts'
import { sourceContext } from '../source-context.ts'

const image = process.env['NIGHTSHIFT_TEST_IMAGE'] ?? 'base:bookworm'
const run = promisify(execFile)
const docker = async (...argv: string[]): Promise<string> => (await run('docker', argv, { timeout: 30_000 })).stdout.trim()

const missing = await docker('image', 'inspect', image).then(
  () => undefined,
  () => `no Docker daemon on this host, or no image ${image}: set NIGHTSHIFT_TEST_IMAGE to one with a shell`,
)
if (missing !== undefined) console.warn(`skipped: ${missing}`)

const tag = `nightshift-test-${randomUUID().slice(0, 8)}`
const started: string[] = []

async function start(name: string, options: readonly string[], script: string): Promise<string> {
  const full = `${tag}-${name}`
  started.push(full)
  await docker('run', '-d', '--name', full, ...options, image, 'sh', '-c', script)
  return full
}

afterAll(async () => {
  if (started.length > 0) await docker('rm', '-f', ...started)
})

const { container } = config({}).groups
/** Ten times as fast: the daemon is asked once a second. */
const clock = { now: () => Date.now(), monotonicMs: () => performance.now() * 10 }
const source = containerSource.open(hostPaths({}), container, sourceContext({ clock }))
afterAll(() => source.close())

let lastMs: number | undefined
async function look(name: string): Promise<Item | undefined> {
  const nowMs = performance.now()
  const { items } = await source.read(lastMs === undefined ? null : (nowMs - lastMs) / 1000)
  lastMs = nowMs
  return items?.find((item) => item['name'] === name)
}

const patience = { timeout: 40_000, interval: 500 }

test.skipIf(missing !== undefined)(
  'a real container tells its name, limits, time, memory and a kill for want of memory',
  { timeout: 60_000 },
  async () => {
    const busy = await start('busy', ['--memory', '48m', '--cpus', '0.2', '--pids-limit', '40'], 'while :; do :; done')
    await vi.waitFor(async () => {
      const item = await look(busy)
      expect(item).toMatchObject({
        runtime: 'docker',
        image,
        running: 1,
        memory_limit_bytes: 48 * 1024 ** 2,
        cpu_limit_cores: 0.2,
        pids_limit: 40,
      })
      expect(item?.['cpu_used_ratio']).toBeGreaterThan(0.5)
      expect(item?.['cpu_throttled_ratio']).toBeGreaterThan(0.5)
      expect(item?.['memory_used_bytes']).toBeGreaterThan(10_000)
      expect(item).toMatchObject({ restarts_total: 0, oom_kills_total: 0, uptime_seconds: expect.any(Number) })
    }, patience)
    // A process beside the main one takes more than there is; the container goes on.
    await docker('exec', busy, 'sh', '-c', 'head -c 90M /dev/zero | tail -c 85M > /dev/null').catch(() => undefined)
    await vi.waitFor(async () => expect(await look(busy)).toMatchObject({ running: 1, oom_kills_total: 1 }), patience)
  },
)

test.skipIf(missing !== undefined)(
  'restarts, the kill that ended a run, health and the end of a real container are seen',
  { timeout: 120_000 },
  async () => {
    const greedy = await start(
      'greedy',
      ['--memory', '24m', '--memory-swap', '24m', '--restart', 'on-failure:2'],
      'sleep 1; exec dd if=/dev/zero of=/dev/null bs=60M',
    )
    const sick = await start(
      'sick',
      ['--health-cmd', 'test ! -e /sick', '--health-interval', '1s', '--health-retries', '1'],
      'while :; do sleep 1; done',
    )
    await vi.waitFor(async () => expect(await look(sick)).toMatchObject({ healthy: 1 }), patience)
    await docker('exec', sick, 'touch', '/sick')
    await vi.waitFor(async () => expect(await look(sick)).toMatchObject({ healthy: 0, running: 1 }), patience)
    await vi.waitFor(async () => {
      const item = await look(greedy)
      expect(item).toMatchObject({ running: 0, exit_code: 137, restarts_total: 2 })
      expect(item?.['oom_kills_total']).toBeGreaterThanOrEqual(1)
    }, patience)
    await docker('restart', '-t', '0', sick)
    await vi.waitFor(async () => expect(await look(sick)).toMatchObject({ restarts_total: 1, running: 1 }), patience)
    await docker('rm', '-f', sick)
    await vi.waitFor(async () => expect(await look(sick)).toBeUndefined(), patience)
  },
)
