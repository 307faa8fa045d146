import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { NightshiftError } from '@nightshift/shared/errors'
import { clockSource } from '../../src/sources/clock.ts'
import { parseTimeAnswer, splitServer, timeRequest } from '../../src/network/sntp.ts'
import type { Item, Source } from '../../src/sources/source.ts'
import { keptLog } from '../kept-log.ts'
import { sourceContext } from '../source-context.ts'

interface Behaviour {
  /** The server's clock minus ours. */
  aheadMs?: number
  stratum?: number
  first?: number
  keepsCookie?: boolean
  /** Seconds from 1900 to 1970, of the era that the server counts in. */
  era?: number
  answers?: boolean
}

/** A time server made of a socket that speaks RFC 5905: there is none on this machine, and those on the net are not ours to ask. */
async function timeServer(behaviour: Behaviour): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (request, peer) => {
    const { aheadMs = 0, stratum = 2, first = 0x24, keepsCookie = true, era = 2_208_988_800, answers = true } = behaviour
    if (!answers) return
    const packet = Buffer.alloc(48)
    packet[0] = first
    packet[1] = stratum
    packet.write('RATE', 12, 'latin1')
    if (keepsCookie) request.copy(packet, 24, 40, 48)
    const seconds = (Date.now() + aheadMs) / 1000 + era
    for (const offset of [32, 40]) {
      packet.writeUInt32BE(Math.floor(seconds) % 2 ** 32, offset)
      packet.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), offset + 4)
    }
    socket.send(packet, peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return `127.0.0.1:${socket.address().port}`
}

function open(servers: string[], root = '/does-not-exist', log = keptLog().log): Source {
  return clockSource.open({ proc: '/proc', sys: '/sys', root }, { enabled: true, every: 64_000, servers }, sourceContext({ log }))
}

async function ask(behaviour: Behaviour): Promise<Item | undefined> {
  return (await open([await timeServer(behaviour)]).read(null)).items?.[0]
}

/** Times, or why there are none; any other error is passed on. */
function timesOrRefusal(packet: Buffer, cookie: Buffer): ReturnType<typeof parseTimeAnswer> | NightshiftError {
  try {
    return parseTimeAnswer(packet, cookie)
  } catch (error) {
    if (error instanceof NightshiftError) return error
    throw error
  }
}

test('a clock that is behind is off by that much, below zero; one that is ahead above', async () => {
  const behind = await ask({ aheadMs: 5000 })
  expect(behind?.['offset_seconds']).toBeGreaterThan(-5.05)
  expect(behind?.['offset_seconds']).toBeLessThan(-4.95)
  expect(behind).toMatchObject({ stratum: 2, round_trip_seconds: expect.any(Number) })
  expect((await ask({ aheadMs: -250 }))?.['offset_seconds']).toBeCloseTo(0.25, 1)
})

test('the protocol counts anew from 2036 on, and that is no offset of 136 years', async () => {
  const ahead = Date.UTC(2037, 0, 1) - Date.now()
  expect((await ask({ aheadMs: ahead }))?.['offset_seconds']).toBeCloseTo(-ahead / 1000, 0)
})

test.each([
  ['refuses', { stratum: 0 }],
  ['does not know the time', { first: 0xe4 }],
  ['is too far from a reference clock', { stratum: 16 }],
  ['repeats another question', { keepsCookie: false }],
  ['is a client itself', { first: 0x23 }],
])('a server that %s gives no offset', async (_, behaviour) => {
  expect(await ask(behaviour)).toMatchObject({ offset_seconds: null, round_trip_seconds: null, stratum: null })
})

test('a server that is away is counted and said once, does not hold up the others, and is said to be back', async () => {
  const behaviour = { stratum: 0 }
  const kept = keptLog()
  const source = open([await timeServer({}), await timeServer(behaviour)], '/does-not-exist', kept.log)
  const first = await source.read(null)
  expect(first.unreadable).toBe(1)
  expect(first.items?.map((item) => item['offset_seconds'] === null)).toEqual([false, true])
  await source.read(64)
  behaviour.stratum = 1
  expect((await source.read(64)).unreadable).toBe(0)
  expect(kept.lines.map((line) => JSON.parse(line).message)).toEqual([
    expect.stringContaining('cannot be asked'),
    expect.stringContaining('answers again'),
  ])
})

test('no answer is waited for for more than two seconds', async () => {
  const source = open([await timeServer({ answers: false })])
  const startMs = performance.now()
  expect((await source.read(null)).unreadable).toBe(1)
  expect(performance.now() - startMs).toBeLessThan(4000)
})

test('systemd-timesyncd tells whether it keeps the clock; without it nothing is said', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nightshift-clock-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  expect((await open([], root).read(null)).fields).toEqual({})
  mkdirSync(join(root, 'run/systemd/timesync'), { recursive: true })
  expect((await open([], root).read(null)).fields).toEqual({ synchronized: 0 })
  writeFileSync(join(root, 'run/systemd/timesync/synchronized'), '')
  expect((await open([], root).read(null)).fields).toEqual({ synchronized: 1 })
})

test('servers are named with or without a port', () => {
  expect(splitServer('ntp.example.com')).toEqual({ host: 'ntp.example.com', port: 123 })
  expect(splitServer('192.0.2.1:1123')).toEqual({ host: '192.0.2.1', port: 1123 })
  expect(splitServer('[2001:db8::1]')).toEqual({ host: '2001:db8::1', port: 123 })
  expect(splitServer('[2001:db8::1]:1123')).toEqual({ host: '2001:db8::1', port: 1123 })
  expect(() => splitServer('2001:db8::1')).toThrow(/write host/)
})

test('the question tells nothing about this host, and any answer is times or refused', () => {
  const cookie = Buffer.from('12345678')
  expect(timeRequest(cookie).toString('hex')).toBe(`23${'00'.repeat(39)}3132333435363738`)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      const packet = Buffer.from(noise)
      if (packet.length >= 32) cookie.copy(packet, 24)
      const times = timesOrRefusal(packet, cookie)
      expect(times instanceof NightshiftError || Number.isFinite(times.receivedMs + times.sentMs)).toBe(true)
    }),
  )
})
