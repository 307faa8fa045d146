import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { AlerterBed, until } from './alerter-bed.ts'
import { AlerterProcess } from './alerter-process.ts'
import { startReceiver, type Receiver } from './receiver.ts'

let bed: AlerterBed
let receiver: Receiver
let running: AlerterProcess
beforeAll(async () => {
  ;[bed, receiver] = await Promise.all([AlerterBed.open(), startReceiver()])
  running = startProcess()
  // Metrics begin with the first message after the first start; from the first checkpoint on none is missed.
  const alerts = await bed.bus.kv('alerts')
  await until(
    async () => {
      bed.metric('cpu', { usage_ratio: 0.1 }, 'canary')
      const checkpoint = (await alerts.get('checkpoint.0'))?.json<{ data: { applied: { METRICS: { seq: number } } } }>()
      return (checkpoint?.data.applied.METRICS.seq ?? 0) > 0
    },
    () => running.output,
  )
})
afterAll(async () => {
  await running.end('SIGKILL')
  await bed.close()
  await receiver.stop()
})

/** CI and a person in a hurry run these; a campaign runs more. */
const seeds = Array.from({ length: Number(process.env['ALERTER_CRASH_SEEDS'] ?? 10) }, (_, index) => index + 1)
const rounds = 3
const checksPerRound = 8

function startProcess(): AlerterProcess {
  // One message for each step of each alert, so that what was heard can be compared with what was said.
  const route = { group_by: ['alert'], group_interval: '0s' }
  const rules = { hot: { metric: 'cpu.usage_ratio', above: '85%' } }
  const alerter = { rules, default_rules: ['check-failing'], channels: { hook: { kind: 'webhook', url: receiver.url } }, route }
  return new AlerterProcess({ folder: bed.folder, host: 'hub', natsUrl: bed.server.url, alerter })
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const thingOf = ({ labels, host }: AlertEvent): string => labels['check'] ?? `cpu-of-${host}`
const lineOf = (event: AlertEvent): string => `${thingOf(event)} ${event.phase}`

/** What the stream says and what the webhook heard of checks, and processors of hosts, of this name and beyond. */
function seenOf(prefix: string) {
  const isMeant = (event: AlertEvent): boolean => thingOf(event).replace('cpu-of-', '').startsWith(prefix)
  const said = bed.alerts.filter(isMeant)
  const heard = receiver.requests
    .map(({ body, headers }) => ({ event: (JSON.parse(body) as { alert: AlertEvent }).alert, key: String(headers['idempotency-key']) }))
    .filter(({ event }) => isMeant(event))
  return { said, heard }
}

describe('kill -9 at any moment', () => {
  it.each(seeds)(
    'loses nothing, says nothing twice, and repeats a message only under its key (seed %d)',
    async (seed) => {
      const random = randomOf(seed)
      const prefix = `s${seed}-`
      const expected: string[] = []
      const publish = async (check: string, state: 'failing' | 'ok'): Promise<void> => {
        await bed.health(state, check)
        expected.push(`${check} ${state === 'ok' ? 'resolved' : 'firing'}`)
      }
      const measure = (host: string, ratio: number): void => {
        bed.metric('cpu', { usage_ratio: ratio }, host)
        expected.push(`cpu-of-${host} ${ratio > 0.85 ? 'firing' : 'resolved'}`)
      }
      for (let round = 0; round < rounds; round++) {
        const canary = `${prefix}${round}-canary`
        await publish(canary, 'failing')
        const isAwake = random() < 0.75
        if (isAwake)
          await until(
            () => seenOf(canary).heard.length > 0,
            () => running.output,
          )
        const killed = pause(random() * 40).then(() => running.end('SIGKILL'))
        for (let index = 0; index < checksPerRound; index++) {
          const check = `${prefix}${round}-${index}`
          await publish(check, 'failing')
          measure(check, 0.9)
          if (random() < 0.5) await publish(check, 'ok')
          if (random() < 0.5) measure(check, 0.2)
        }
        await killed
        running = startProcess()
        if (!isAwake) await pause(random() * 600)
      }
      const isAll = (events: readonly AlertEvent[]) => new Set(events.map(lineOf)).size === expected.length
      const isDone = ({ said, heard } = seenOf(prefix)) => isAll(said) && isAll(heard.map(({ event }) => event))
      await until(isDone, () => ({ expected, said: seenOf(prefix).said.map(lineOf), output: running.output }))

      const { said, heard } = seenOf(prefix)
      expect(said.map(lineOf).toSorted()).toEqual(expected.toSorted())
      expect(new Set(said.map(({ id }) => id)).size).toBe(said.length)
      const heardOf = Map.groupBy(heard, ({ event }) => event.id)
      expect([...heardOf.keys()].toSorted()).toEqual(said.map(({ id }) => id).toSorted())
      for (const copies of heardOf.values()) expect(new Set(copies.map(({ key }) => key)).size).toBe(1)
      await until(() =>
        heard.every(({ key }) => bed.notifies.some(({ notification, outcome }) => notification === key && outcome === 'delivered')),
      )
    },
    60_000,
  )
})
