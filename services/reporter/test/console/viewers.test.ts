import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import type { Host } from '../../src/fleet/model.ts'
import { cpu, health, metric, startMs } from '../fixture-events.ts'
import { fleetWith, take } from '../fleet/fleet-with.ts'
import { startConsole, type ConsoleServer } from './console-server.ts'
import { nextEvent, readEvents } from './event-stream.ts'

let server: ConsoleServer
const leaving = new AbortController()
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.stop()
})

async function until(isTrue: () => boolean, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not true within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A browser that asks for the stream and then reads nothing. */
async function watchWithoutReading(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  socket.write('GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const before = server.viewers.count
  await until(() => server.viewers.count > before)
  socket.pause()
  return socket
}

describe('a viewer', () => {
  it('gets everything first, then what changed', async () => {
    server = await startConsole({ fleet: fleetWith([cpu('web-1', 0.1)]) })
    const events = readEvents(server.url, leaving.signal)
    const first = await nextEvent(events)
    expect(first).toMatchObject({
      name: 'snapshot',
      message: { status: { bus: 'connected' }, set: { 'host/web-1': { cpu: { usage_ratio: 0.1 } } } },
    })
    take(server.fleet, health('web-1', 'web', 'failing', 'ok', startMs + 1000))
    const second = await nextEvent(events)
    expect(second.name).toBe('delta')
    expect(Object.keys(second.message.set).filter((key) => !key.startsWith('event/'))).toEqual(['check/web-1/web'])
    await events.return(undefined)
    await until(() => server.viewers.count === 0)
  })

  it('gets the last of a thousand changes once, not more often than the interval', async () => {
    server = await startConsole({ intervalMs: 100 })
    const events = readEvents(server.url, leaving.signal)
    await nextEvent(events)
    const times: number[] = []
    const values: unknown[] = []
    for (let round = 1; round <= 5; round++) {
      for (let change = 0; change < 1000; change++) take(server.fleet, cpu('web-1', round / 10, startMs + round))
      const value = await nextEvent(events)
      times.push(value.atMs)
      values.push((value.message.set['host/web-1'] as Host).cpu?.usage_ratio)
    }
    expect(values.at(-1)).toBe(0.5)
    expect(Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toBeGreaterThan(80)
    await events.return(undefined)
  })

  it('is told what went away', async () => {
    server = await startConsole({ fleet: fleetWith([cpu('web-1', 0.1)]), intervalMs: 20 })
    const events = readEvents(server.url, leaving.signal)
    await nextEvent(events)
    server.fleet.apply([{ kind: 'host', id: 'web-1', entry: null }])
    expect((await nextEvent(events)).message).toMatchObject({ set: {}, gone: ['host/web-1'] })
    await events.return(undefined)
  })

  it('hears a heartbeat when nothing changes, and at once that the bus went away', async () => {
    server = await startConsole({ intervalMs: 20, heartbeatMs: 120 })
    const events = readEvents(server.url, leaving.signal)
    const first = await nextEvent(events)
    const beat = await nextEvent(events)
    expect(beat).toMatchObject({ comments: [': still here'], message: { set: {}, gone: [] } })
    expect(beat.atMs - first.atMs).toBeGreaterThan(100)
    server.status.bus = 'disconnected'
    await new Promise((resolve) => setTimeout(resolve, 40))
    server.viewers.announce()
    expect((await nextEvent(events)).message.status.bus).toBe('disconnected')
    await events.return(undefined)
  })

  it('that comes again, with or without a last id, starts with a snapshot', async () => {
    server = await startConsole({ fleet: fleetWith([cpu('web-1', 0.1)]) })
    const response = await fetch(`${server.url}/api/v1/stream`, { headers: { 'last-event-id': '999' } })
    const { value } = (await response.body?.getReader().read()) ?? {}
    expect(new TextDecoder().decode(value)).toMatch(/^retry: 2000\nevent: snapshot\n/)
    await response.body?.cancel().catch(() => undefined)
  })

  it('that is one too many is asked to come back later, and gets in when another leaves', async () => {
    server = await startConsole({ maxViewers: 64 })
    const leave = Array.from({ length: 64 }, () => new AbortController())
    const inside = leave.map(({ signal }) => readEvents(server.url, signal))
    await Promise.all(inside.map((events) => nextEvent(events)))
    const refused = await Promise.all(Array.from({ length: 36 }, () => fetch(`${server.url}/api/v1/stream`)))
    expect(new Set(refused.map((response) => response.status))).toEqual(new Set([503]))
    expect(refused[0]?.headers.get('retry-after')).toBe('10')
    expect(await refused[0]?.json()).toMatchObject({ error: 'too_many_viewers' })
    for (const response of refused.slice(1)) await response.body?.cancel()
    expect((await fetch(`${server.url}/api/v1/stream`, { method: 'HEAD' })).status).toBe(503)
    expect(server.viewers).toMatchObject({ count: 64, refused: 36 })
    leave[0]?.abort()
    await until(() => server.viewers.count === 63)
    const late = readEvents(server.url, leaving.signal)
    expect((await nextEvent(late)).name).toBe('snapshot')
    for (const controller of leave) controller.abort()
    await late.return(undefined)
  })
})

describe('a viewer that does not read', () => {
  it('costs only its pending keys while others are served, and is cut off', async () => {
    server = await startConsole({ intervalMs: 5, stallMs: 2000 })
    const stalled = await watchWithoutReading()
    const events = readEvents(server.url, leaving.signal)
    await nextEvent(events)
    const items = Array.from({ length: 32 }, (_, index) => ({
      mount: `/${'m'.repeat(50)}${index}`,
      device: 'd',
      fstype: 'ext4',
      used_ratio: 0.5,
    }))
    const usedBefore = usedBytes()
    let sentBytes = 0
    const deadline = performance.now() + 20_000
    for (let round = 0; (server.viewers.cutOff === 0 || sentBytes < 20_000_000) && performance.now() < deadline; round++) {
      for (let index = 0; index < 50; index++) take(server.fleet, metric(`h${index}`, 'fs', { items }, startMs + round * 1000))
      const value = await nextEvent(events)
      sentBytes += JSON.stringify(value.message).length
      expect(server.viewers.maxPending).toBeLessThanOrEqual(50)
    }
    expect(sentBytes).toBeGreaterThanOrEqual(20_000_000)
    expect(usedBytes() - usedBefore).toBeLessThan(15_000_000)
    expect(server.viewers.cutOff).toBe(1)
    expect(server.viewers.count).toBe(1)
    stalled.resume()
    await until(() => stalled.closed)
    await events.return(undefined)
  })

  it('is cut off at once when too many different things changed meanwhile', async () => {
    server = await startConsole({ intervalMs: 5 })
    const stream = server.viewers.open(() => undefined)
    expect(server.viewers.count).toBe(1)
    const changes = Array.from({ length: 20_001 }, (_, index) => ({ kind: 'alert' as const, id: `a${index}`, entry: null }))
    server.fleet.limits = { host: 1, trend: 1, check: 30_000, alert: 1, heal: 1, agent: 1, event: 1 }
    for (const { id } of changes) {
      const check = {
        host: 'h',
        check: id,
        kind: 'http',
        state: 'ok',
        since_time: '',
        confirmed: true,
        last_ok: true,
        last_time: null,
        latency_seconds: null,
        error: null,
      } as const
      server.fleet.apply([{ kind: 'check', id, entry: check }])
    }
    expect(server.viewers).toMatchObject({ count: 0, cutOff: 1 })
    await stream?.cancel()
  })
})

it('ends all streams when it stops, and takes no more viewers', async () => {
  server = await startConsole()
  const reading = Array.from({ length: 5 }, async () => {
    const names: string[] = []
    try {
      for await (const event of readEvents(server.url, leaving.signal)) names.push(event.name)
    } catch {
      names.push('cut')
    }
    return names
  })
  await until(() => server.viewers.count === 5)
  const startedMs = performance.now()
  await server.stop()
  await Promise.all(reading)
  expect(performance.now() - startedMs).toBeLessThan(2000)
  expect(server.viewers.open(() => undefined)).toBeUndefined()
})

/** What is really in use. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
