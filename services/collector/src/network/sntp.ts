import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { Clock } from '@nightshift/shared/clock'
import { ContractError, EffectError } from '@nightshift/shared/errors'

const defaultPort = 123
const packetBytes = 48
/** Version 4, mode 3: a client. */
const clientMode = 0x23
const serverModes: ReadonlySet<number> = new Set([4, 5])
const notSynchronized = 3
const maxStratum = 15
/** Where the fields are in a packet (RFC 5905, figure 8). */
const originOffset = 24
const receiveOffset = 32
const transmitOffset = 40
/** From 1900, where the protocol begins to count, to 1970. */
const epochSeconds = 2_208_988_800
/** Numbers below this mean the time after February 2036, when the 32 bits of seconds start anew. */
const eraSeconds = 2 ** 31

export interface TimeAnswer {
  /** Our clock minus the server's. */
  readonly offsetMs: number
  /** On the way, without the time the server took. */
  readonly roundTripMs: number
  readonly stratum: number
}

interface ServerTimes {
  readonly receivedMs: number
  readonly sentMs: number
  readonly stratum: number
}

/** Asks a time server once. Rejects when it does not answer in time, refuses, or does not know the time itself. */
export async function askTime(server: string, clock: Clock, timeoutMs: number): Promise<TimeAnswer> {
  const { host, port } = splitServer(server)
  const { address, family } = await lookup(host)
  const cookie = randomBytes(8)
  const { packet, sentMs, tookMs } = await exchange({ address, family, port, request: timeRequest(cookie), clock, timeoutMs })
  const times = parseTimeAnswer(packet, cookie)
  const roundTripMs = Math.max(0, tookMs - (times.sentMs - times.receivedMs))
  const offsetMs = sentMs + tookMs / 2 - (times.receivedMs + times.sentMs) / 2
  return { offsetMs, roundTripMs, stratum: times.stratum }
}

/** `host`, `host:port`, `[::1]` or `[::1]:port`. */
export function splitServer(server: string): { host: string; port: number } {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d{1,5}))?$/.exec(server)
  const host = match?.groups?.['six'] ?? match?.groups?.['name']
  if (host === undefined) throw new ContractError('bad_time_server', `"${server}" is no time server; write host, host:port or [IPv6]:port`)
  return { host, port: Number(match?.groups?.['port'] ?? defaultPort) }
}

/** Instead of our time a random number goes out, which the answer has to repeat: it tells nothing about us and cannot be guessed. */
export function timeRequest(cookie: Buffer): Buffer {
  const packet = Buffer.alloc(packetBytes)
  packet[0] = clientMode
  cookie.copy(packet, transmitOffset)
  return packet
}

export function parseTimeAnswer(packet: Buffer, cookie: Buffer): ServerTimes {
  const first = packet[0] ?? 0
  const stratum = packet[1] ?? 0
  if (packet.length < packetBytes || !serverModes.has(first & 7) || !packet.subarray(originOffset, receiveOffset).equals(cookie)) {
    throw new ContractError('bad_time_answer', 'what came back is no answer to the question')
  }
  if (stratum === 0) {
    const reason = packet.toString('latin1', 12, 16).replaceAll(/[^A-Z]/g, '')
    throw new EffectError('time_server_refuses', `the time server refuses to answer (${reason}); ask it less often or another one`)
  }
  if (first >> 6 === notSynchronized || stratum > maxStratum) {
    throw new EffectError('time_server_unsynchronized', 'the time server does not know the time itself', { transient: true })
  }
  return { receivedMs: readTimestamp(packet, receiveOffset), sentMs: readTimestamp(packet, transmitOffset), stratum }
}

function readTimestamp(packet: Buffer, offset: number): number {
  const seconds = packet.readUInt32BE(offset)
  const wholeSeconds = seconds < eraSeconds ? seconds + 2 ** 32 : seconds
  return (wholeSeconds - epochSeconds + packet.readUInt32BE(offset + 4) / 2 ** 32) * 1000
}

interface Exchange {
  address: string
  family: number
  port: number
  request: Buffer
  clock: Clock
  timeoutMs: number
}

async function exchange(options: Exchange): Promise<{ packet: Buffer; sentMs: number; tookMs: number }> {
  const { address, family, port, request, clock, timeoutMs } = options
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  const { promise, resolve, reject } = Promise.withResolvers<{ packet: Buffer; sentMs: number; tookMs: number }>()
  const timer = setTimeout(
    () =>
      reject(new EffectError('time_server_timeout', `no answer within ${timeoutMs} ms; is UDP port ${port} open?`, { transient: true })),
    timeoutMs,
  )
  socket.on('error', reject)
  // Connected, so only what this server sends is received, and its refusal is heard.
  socket.connect(port, address, () => {
    const sentMs = clock.now()
    const startMs = clock.monotonicMs()
    socket.once('message', (packet) => resolve({ packet, sentMs, tookMs: clock.monotonicMs() - startMs }))
    socket.send(request)
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}
