import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { collectorConfigSchema } from '../../src/config.ts'
import { procSource } from '../../src/sources/proc.ts'
import type { Item, Reading, Source } from '../../src/sources/source.ts'
import { sourceContext } from '../source-context.ts'

/** A folder that looks like /proc, in which processes come and go as the test wants. */
class ProcFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'nightshift-proc-'))

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true }))
    this.set({ forks: 1000, uptimeSeconds: 500 })
    mkdirSync(join(this.path, 'sys/kernel'), { recursive: true })
    writeFileSync(join(this.path, 'sys/kernel/pid_max'), '32768\n')
  }

  set({ forks, uptimeSeconds }: { forks: number; uptimeSeconds: number }): void {
    writeFileSync(join(this.path, 'stat'), `cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 1\nctxt 1\nprocesses ${forks}\n`)
    writeFileSync(join(this.path, 'uptime'), `${uptimeSeconds}.00 1.00\n`)
  }

  put(
    pid: number,
    name: string,
    details: { state?: string; ticks?: number; start?: number; rss?: number; threads?: number; flags?: number; command?: string },
  ): void {
    const { state = 'S', ticks = 0, start = 100, rss = 10, threads = 1, flags = 0, command = name } = details
    const folder = join(this.path, String(pid))
    mkdirSync(join(folder, 'fd'), { recursive: true })
    writeFileSync(
      join(folder, 'stat'),
      `${pid} (${name}) ${state} 1 1 1 0 -1 ${flags} 0 0 0 0 ${ticks} 0 0 0 20 0 ${threads} 0 ${start} 0 ${rss} 0\n`,
    )
    writeFileSync(join(folder, 'cmdline'), command.replaceAll(' ', '\0'))
  }

  io(pid: number, readBytes: number): void {
    writeFileSync(join(this.path, String(pid), 'io'), `rchar: 1\nread_bytes: ${readBytes}\nwrite_bytes: 0\ncancelled_write_bytes: 0\n`)
  }

  remove(pid: number): void {
    rmSync(join(this.path, String(pid)), { recursive: true })
  }
}

function open(proc: string, options: object = {}): Source {
  const config = collectorConfigSchema.parse({ groups: { proc: options } }).groups.proc
  const source = procSource.open({ proc, sys: '/sys', root: '/' }, config, sourceContext())
  onTestFinished(() => source.close())
  return source
}

const item = (reading: Reading, kind: string, name: string): Item | undefined =>
  reading.items?.find((each) => each['kind'] === kind && each['name'] === name)

test('processes are counted, by state and with their threads; what was started is a rate', async () => {
  const proc = new ProcFolder()
  proc.put(1, 'init', { threads: 2 })
  proc.put(2, 'kworker', { state: 'I', flags: 0x20_0000 })
  proc.put(3, 'stuck', { state: 'D' })
  proc.put(4, 'dead', { state: 'Z' })
  proc.put(5, 'busy', { state: 'R' })
  proc.put(6, 'traced', { state: 't' })
  const source = open(proc.path)
  await source.read(null)
  proc.set({ forks: 1020, uptimeSeconds: 510 })
  const { fields } = await source.read(10)
  expect(fields).toEqual({
    count: 6,
    running: 1,
    sleeping: 1,
    disk_sleep: 1,
    stopped: 1,
    zombie: 1,
    idle: 1,
    threads: 7,
    forks_total: 1020,
    forks_per_second: 2,
    max: 32_768,
    used_ratio: 0.000214,
  })
  expect(Object.keys(fields ?? {})).toEqual(Object.keys(catalogue.proc.fields))
})

test('the largest programs are those that use most processor time and those that hold most memory, by name and not by number', async () => {
  const proc = new ProcFolder()
  proc.put(10, 'web', { ticks: 100, rss: 5 })
  proc.put(11, 'web', { ticks: 100, rss: 6 })
  proc.put(12, 'cache', { rss: 1000 })
  proc.put(13, 'quiet', { rss: 1 })
  proc.put(14, 'kworker/0:1', { ticks: 5, rss: 0, flags: 0x20_0000 })
  const source = open(proc.path, { top: 1 })
  const first = await source.read(null)
  expect(first.items?.map((each) => each['name'])).toEqual(['cache'])
  expect(item(first, 'top', 'cache')).toMatchObject({ cpu_ratio: null })
  proc.put(10, 'web', { ticks: 150, rss: 5 })
  proc.put(11, 'web', { ticks: 250, rss: 6 })
  const second = await source.read(10)
  expect(second.items).toEqual([
    // 200 of the 2000 ticks that two processors have in ten seconds
    { kind: 'top', name: 'web', processes: 2, cpu_ratio: 0.1, rss_bytes: 11 * 4096, thread_count: 2, pid: 11 },
    { kind: 'top', name: 'cache', processes: 1, cpu_ratio: 0, rss_bytes: 1000 * 4096, thread_count: 1, pid: 12 },
  ])
})

test('a process that took over a number is not compared with the one before, and one that came and used much counts', async () => {
  const proc = new ProcFolder()
  proc.put(10, 'a', { ticks: 1000, start: 100 })
  const source = open(proc.path)
  await source.read(null)
  proc.put(10, 'b', { ticks: 40, start: 200 })
  expect(item(await source.read(10), 'top', 'b')).toMatchObject({ cpu_ratio: 0.02 })
  expect(item(await source.read(null), 'top', 'b')).toMatchObject({ cpu_ratio: null })
})

test('a named group counts its processes, however they are named, and is there with a count of 0 when none runs', async () => {
  const proc = new ProcFolder()
  proc.put(10, 'node', { ticks: 10, start: 10_000, command: 'node /srv/api.js' })
  proc.put(11, 'node', { ticks: 10, start: 20_000, command: 'node /srv/worker.js' })
  proc.put(12, 'node', { state: 'Z' })
  proc.put(13, 'prometheus-aler', { command: '/usr/bin/prometheus-alertmanager --flag' })
  for (const pid of [10, 11, 13]) proc.io(pid, 1000)
  const named = {
    api: { command: '/srv/api.js' },
    nodes: { name: 'node' },
    alerts: { name: 'prometheus-alertmanager' },
    gone: { name: 'nope' },
  }
  const source = open(proc.path, { named, top: 0 })
  expect(item(await source.read(null), 'group', 'api')).toMatchObject({ processes: 1, cpu_ratio: null, read_bytes_per_second: null })
  proc.put(10, 'node', { ticks: 60, start: 10_000, command: 'node /srv/api.js' })
  proc.io(10, 21_000)
  const reading = await source.read(10)
  expect(reading.items?.map((each) => each['name'])).toEqual(['api', 'nodes', 'alerts', 'gone'])
  expect(item(reading, 'group', 'api')).toEqual({
    kind: 'group',
    name: 'api',
    processes: 1,
    cpu_ratio: 0.025,
    rss_bytes: 40_960,
    thread_count: 1,
    pid: 10,
    fds: expect.any(Number),
    read_bytes_per_second: 2000,
    written_bytes_per_second: 0,
    oldest_seconds: 400,
    newest_seconds: 400,
  })
  expect(Object.keys(item(reading, 'group', 'api') ?? {})).toEqual([
    ...catalogue.proc.items.labels,
    ...Object.keys(catalogue.proc.items.fields),
  ])
  expect(item(reading, 'group', 'nodes')).toMatchObject({
    processes: 2,
    oldest_seconds: 400,
    newest_seconds: 300,
    read_bytes_per_second: 2000,
  })
  expect(item(reading, 'group', 'alerts')).toMatchObject({ processes: 1, pid: 13 })
  expect(item(reading, 'group', 'gone')).toMatchObject({ processes: 0, cpu_ratio: 0, rss_bytes: 0, pid: null, oldest_seconds: null })
  proc.remove(10)
  expect(item(await source.read(10), 'group', 'api')).toMatchObject({ processes: 0, read_bytes_per_second: 0 })
})

test('programs that the kernel cuts short, or that Node gives all one name, have their own', async () => {
  const proc = new ProcFolder()
  proc.put(10, 'prometheus-aler', { command: '/usr/bin/prometheus-alertmanager --flag' })
  proc.put(11, 'MainThread', { command: '/usr/local/bin/node /srv/api.js' })
  proc.put(12, 'exactly-15-byte', { command: 'something else' })
  const { items } = await open(proc.path).read(null)
  expect(items?.map((each) => each['name']).toSorted()).toEqual(['exactly-15-byte', 'node', 'prometheus-alertmanager'])
})

test('what may not be read is null and counted', async () => {
  const proc = new ProcFolder()
  proc.put(10, 'web', {})
  const reading = await open(proc.path, { named: { web: { name: 'web' } } }).read(10)
  expect(item(reading, 'group', 'web')).toMatchObject({ processes: 1, read_bytes_per_second: null, fds: expect.any(Number) })
  expect(reading.unreadable).toBe(1)
})

test.runIf(process.platform === 'linux')(
  'a real process that burns a processor is found, by its name and in its group, with its open files',
  async () => {
    const script = `process.title = 'nightburner'; const end = Date.now() + 5000; while (Date.now() < end);`
    const burner = spawn(process.execPath, ['--eval', script], { stdio: 'ignore' })
    onTestFinished(() => void burner.kill('SIGKILL'))
    await sleep(300)
    const source = open('/proc', { named: { burner: { command: 'nightburner' } } })
    await source.read(null)
    const startMs = performance.now()
    await sleep(500)
    const reading = await source.read((performance.now() - startMs) / 1000)
    const found = item(reading, 'group', 'burner')
    expect(found).toMatchObject({ processes: 1, pid: burner.pid })
    expect(found?.['cpu_ratio']).toBeGreaterThan(0.02)
    expect(found?.['fds']).toBeGreaterThan(3)
    expect(found?.['newest_seconds']).toBeLessThan(60)
    expect(found?.['rss_bytes']).toBeGreaterThan(10_000_000)
    expect(reading.items?.some((each) => each['kind'] === 'top' && each['pid'] === burner.pid)).toBe(true)
  },
)
