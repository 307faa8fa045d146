import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { parseEvent } from '@nightshift/shared/events/parse'
import type { LogEvent } from '@nightshift/shared/events/log'
import { newId } from '@nightshift/shared/ids'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { collectorConfigSchema, type CollectorConfig } from '../../src/config.ts'
import { LogsRoom } from '../../src/logs/logs-room.ts'
import type { RoomContext } from '../../src/rooms/room.ts'
import type { Reading } from '../../src/sources/source.ts'
import { keptLog } from '../kept-log.ts'
import { PlainAnalyzer } from './plain-analyzer.ts'

const patience = { timeout: 10_000, interval: 20 }
const host = 'web-1.example.com'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-logs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function startBroker(): Promise<NatsServer> {
  const server = await startNats()
  onTestFinished(() => server.stop())
  const admin = openTestBus(server.url, 'admin', null)
  await admin.ready()
  if (admin.connection === undefined) throw new Error('not connected')
  await bootstrap(admin.connection, baseConfigSchema.parse({}).streams)
  return server
}

function openTestBus(url: string, service: string, spoolDir: string | null): Bus {
  const bus = openBus(
    { service, host, instance: newId(Date.now()), version: '0.1.0', servers: [url], spoolDir, needs: { streams: [], buckets: [] } },
    { clock: systemClock, log: keptLog().log },
  )
  onTestFinished(() => bus.close(1000))
  return bus
}

/** Everything that stands in the stream LOGS, in order. */
function followLogs(url: string): LogEvent[] {
  const events: LogEvent[] = []
  const handle = ({ subject, data }: { subject: string; data: Uint8Array }): void => {
    const received = parseEvent(subject, data)
    if (received.kind === 'log') events.push(received.event)
  }
  openTestBus(url, 'listener', null).follow({ stream: 'LOGS', name: 'listener', after: 0, handle })
  return events
}

interface Opened {
  room: LogsRoom
  readings: { group: string; reading: Reading }[]
  said: string[]
  apply: (section: object) => Promise<void>
}

/** The room with an analysis that only counts, on a bus of its own. */
async function openRoom(url: string, logs: object, stateDir: string): Promise<Opened> {
  const { log, lines: said } = keptLog()
  const readings: Opened['readings'] = []
  const context: RoomContext = {
    host: { proc: '/proc', sys: '/sys', root: '/' },
    origin: { host, source: `collector@${host}` },
    clock: systemClock,
    log,
    bus: openTestBus(url, 'collector', join(stateDir, 'spool')),
    stateDir,
    publishMetrics: (group, reading) => void readings.push({ group, reading }),
    reportCheck: () => undefined,
    onMetric: () => () => undefined,
  }
  const room = new LogsRoom(context, (config, analyzerContext) => new PlainAnalyzer(config, analyzerContext))
  const apply = async (section: object): Promise<void> => await room.apply(configOf(section))
  onTestFinished(() => room.stop())
  await apply(logs)
  return { room, readings, said, apply }
}

function configOf(logs: object): CollectorConfig {
  return collectorConfigSchema.parse({ slow_every: '250ms', logs })
}

const text = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `2026-01-01T00:00:00.000Z line ${from + index}\n`).join('')
const last = (readings: Opened['readings']) => readings.at(-1)?.reading.fields

test('the numbers of a log come on its cadence and go on after a restart, each line counted once', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  const logs = { app: { files: [path], start_at: 'beginning' } }
  writeFileSync(path, text(1, 100))
  const first = await openRoom(server.url, logs, stateDir)
  await vi.waitFor(() => expect(last(first.readings)).toMatchObject({ lines_total: 100, seen_total: 100, files: 1 }), patience)
  expect(first.readings[0]?.group).toBe('log_app')
  await first.room.stop()
  appendFileSync(path, text(101, 150))
  renameSync(path, `${path}.1`)
  writeFileSync(path, text(151, 160))
  const second = await openRoom(server.url, logs, stateDir)
  await vi.waitFor(() => expect(last(second.readings)).toMatchObject({ lines_total: 160, seen_total: 160 }), patience)
  expect(second.said.join()).not.toContain('did not stop in order')
  expect(second.room.self()).toMatchObject({ logs: 1, log_lines_total: 160, log_files_lost_total: 0 })
})

test('what was published was saved before, so that a crash makes no counter fall, and the next run says that lines may come twice', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  const logs = { app: { files: [path], start_at: 'beginning' } }
  writeFileSync(path, '')
  const first = await openRoom(server.url, logs, stateDir)
  const file = join(stateDir, 'logs', 'app.json')
  for (let round = 0; round < 5; round++) {
    appendFileSync(path, text(round * 10, round * 10 + 9))
    await vi.waitFor(() => expect(last(first.readings)).toMatchObject({ lines_total: (round + 1) * 10 }), patience)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      counts: { lines: (round + 1) * 10 },
      analysis: { seen: (round + 1) * 10 },
    })
  }
  const crashed = temporaryFolder()
  mkdirSync(join(crashed, 'logs'))
  copyFileSync(file, join(crashed, 'logs', 'app.json'))
  appendFileSync(path, text(50, 59))
  const second = await openRoom(server.url, logs, crashed)
  await vi.waitFor(() => expect(last(second.readings)).toMatchObject({ lines_total: 60, seen_total: 60 }), patience)
  expect(second.said.join()).toContain('the last run did not stop in order')
})

test('shipped lines reach the stream once, though they are read again after a crash', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  const logs = { app: { files: [path], start_at: 'beginning', ship: { stream: true } } }
  const stored = followLogs(server.url)
  writeFileSync(path, text(1, 3000))
  const first = await openRoom(server.url, logs, stateDir)
  const file = join(stateDir, 'logs', 'app.json')
  await vi.waitFor(() => expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ counts: { lines: 3000 } }), patience)
  const crashed = temporaryFolder()
  mkdirSync(join(crashed, 'logs'))
  copyFileSync(file, join(crashed, 'logs', 'app.json'))
  appendFileSync(path, text(3001, 4000))
  await vi.waitFor(() => expect(stored).toHaveLength(4000), patience)
  const second = await openRoom(server.url, logs, crashed)
  await vi.waitFor(
    () => expect(last(second.readings)).toMatchObject({ lines_total: 4000, shipped_total: 1000, ship_waiting_lines: 0 }),
    patience,
  )
  appendFileSync(path, 'the last one\n')
  await first.room.stop()
  await vi.waitFor(() => expect(stored.at(-1)?.message).toBe('the last one'), patience)
  expect(stored).toHaveLength(4001)
  expect(stored[0]).toMatchObject({ host, log_source: 'app', level: 'info', count: 1, fields: { file: path } })
})

test('an orderly stop ships what was held back, and the next run reads nothing again', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  const logs = { app: { files: [path], start_at: 'beginning', ship: { stream: true } } }
  const stored = followLogs(server.url)
  const first = await openRoom(server.url, logs, stateDir)
  for (let round = 0; round < 3; round++) {
    appendFileSync(path, text(round * 10 + 1, round * 10 + 10))
    await vi.waitFor(() => expect(first.room.self()).toMatchObject({ log_lines_total: (round + 1) * 10 }), patience)
  }
  await first.room.stop()
  await vi.waitFor(() => expect(stored).toHaveLength(30), patience)
  const second = await openRoom(server.url, logs, stateDir)
  await vi.waitFor(() => expect(last(second.readings)).toMatchObject({ lines_total: 30, shipped_total: 0 }), patience)
  expect(second.said.join()).not.toContain('did not stop in order')
})

test('while the bus is away shipped lines wait in their file: the position stays, and the reading stops at its bound', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  writeFileSync(path, text(1, 10))
  const { readings } = await openRoom(server.url, { app: { files: [path], start_at: 'beginning', ship: { stream: true } } }, stateDir)
  await vi.waitFor(() => expect(last(readings)).toMatchObject({ shipped_total: 10 }), patience)
  const file = join(stateDir, 'logs', 'app.json')
  await vi.waitFor(() => expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ counts: { lines: 10 } }), patience)
  await server.kill('SIGKILL')
  appendFileSync(path, text(11, 25_000))
  await vi.waitFor(() => expect(last(readings)?.['ship_waiting_lines']).toBeGreaterThan(2000), patience)
  expect(last(readings)?.['lines_total']).toBeLessThan(15_000)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ counts: { lines: 10 } })
  await server.restart()
  const stored = followLogs(server.url)
  await vi.waitFor(() => expect(stored).toHaveLength(25_000), { timeout: 25_000, interval: 100 })
  expect(new Set(stored.map(({ id }) => id)).size).toBe(25_000)
}, 40_000)

test('what the analysis says becomes events, at a bounded rate', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  writeFileSync(path, '!one\n')
  const stored = followLogs(server.url)
  const { readings } = await openRoom(server.url, { app: { files: [path], start_at: 'beginning' } }, stateDir)
  await vi.waitFor(() => expect(stored.map(({ message }) => message)).toEqual(['!one']), patience)
  appendFileSync(path, Array.from({ length: 500 }, (_, index) => `!flood ${index}\n`).join(''))
  await vi.waitFor(() => expect(last(readings)?.['notices_dropped_total']).toBeGreaterThan(400), patience)
  await vi.waitFor(() => expect(stored.length).toBe(last(readings)?.['notices_total']), patience)
  expect(stored.length).toBeLessThan(80)
})

test('a reload opens what is new, closes what is gone and leaves alone what did not change', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const one = { files: [join(folder, 'one.log')], start_at: 'beginning' }
  const two = { files: [join(folder, 'two.log')], start_at: 'beginning' }
  writeFileSync(one.files[0] ?? '', text(1, 5))
  writeFileSync(two.files[0] ?? '', text(1, 7))
  const { readings, room, apply } = await openRoom(server.url, { one }, stateDir)
  await vi.waitFor(() => expect(last(readings)).toMatchObject({ lines_total: 5 }), patience)
  await apply({ one, two })
  await vi.waitFor(() => expect(room.self()).toMatchObject({ logs: 2, log_lines_total: 12 }), patience)
  await apply({ two: { ...two, every: '1s' } })
  expect(room.self()).toMatchObject({ logs: 1, log_lines_total: 7 })
  await apply({ one, two })
  await vi.waitFor(() => expect(room.self()).toMatchObject({ logs: 2, log_lines_total: 12 }), patience)
})

test('a position that cannot be understood is said, and one of a newer version refuses to start', async () => {
  const server = await startBroker()
  const [stateDir, folder] = [temporaryFolder(), temporaryFolder()]
  const path = join(folder, 'app.log')
  writeFileSync(path, text(1, 5))
  const logs = { app: { files: [path], start_at: 'beginning' } }
  mkdirSync(join(stateDir, 'logs'))
  writeFileSync(join(stateDir, 'logs', 'app.json'), '{"schema_version": 1, "kind"')
  const { readings, said } = await openRoom(server.url, logs, stateDir)
  await vi.waitFor(() => expect(last(readings)).toMatchObject({ lines_total: 5 }), patience)
  expect(said.join()).toContain('read as if seen for the first time')
  const newer = temporaryFolder()
  mkdirSync(join(newer, 'logs'))
  writeFileSync(join(newer, 'logs', 'app.json'), '{"schema_version": 9}')
  await expect(openRoom(server.url, logs, newer)).rejects.toMatchObject({ code: 'newer_state' })
})
