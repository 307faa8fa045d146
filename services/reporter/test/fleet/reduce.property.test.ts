import { readdirSync, readFileSync } from 'node:fs'
import { ContractError } from '@nightshift/shared/errors'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { buildSubject, parseSubject, type Address } from '@nightshift/shared/subjects'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Fleet, type Limits } from '../../src/fleet/fleet.ts'
import { maxItemsPerHost } from '../../src/fleet/hosts.ts'
import { maxStepsPerHeal } from '../../src/fleet/heals.ts'
import { entryKinds } from '../../src/fleet/model.ts'
import { reduce } from '../../src/fleet/reduce.ts'
import { sweep } from '../../src/fleet/sweep.ts'
import { trendLength } from '../../src/fleet/trends.ts'

interface Golden {
  subject: string
  event: Record<string, unknown>
}

const folder = new URL('../../../../test/fixtures/events/v1/', import.meta.url)
const goldens = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Golden)
const limits: Limits = { host: 3, trend: 4, check: 5, alert: 4, heal: 3, agent: 4, event: 6 }

const names = fc.constantFrom('web', 'a', 'toString', '__proto__', 'x'.repeat(63))
const hosts = fc.constantFrom('web-1', 'db1.example.com', '서버-7', '__proto__', 'a/b c', 'h4', 'h5', null)
const times = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-01-01'), noInvalidDate: true }).map((date) => date.toISOString())
const numbers = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER, null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const texts = fc.oneof(fc.string(), fc.constantFrom('', '<script>alert(1)</script>', '{host}[{rule}]', '\u0000\u202e', 'x'.repeat(8000)))
const items = fc.array(
  fc.dictionary(fc.constantFrom('mount', 'device', 'nic', 'fstype', 'used_ratio', 'readonly', 'io_time_ratio'), fc.oneof(texts, numbers)),
  { maxLength: 60 },
)

/** Most fields that are of another type would only be refused. */
function fits(event: Record<string, unknown>, field: string, value: unknown): boolean {
  if (field === 'items' || field === 'fields' || field === 'part') return 'group' in event
  return field in event && (event[field] === null || typeof event[field] === typeof value)
}

/** A golden event in which some values were replaced; many of them still keep the contract. */
const mutated = fc
  .tuple(
    fc.constantFrom(...goldens),
    hosts,
    names,
    fc.dictionary(fc.constantFrom('time', 'started_time'), times),
    fc.dictionary(fc.constantFrom('value', 'latency_seconds', 'duration_seconds', 'attempt', 'part', 'interval_seconds'), numbers),
    fc.dictionary(
      fc.constantFrom('error', 'reason', 'summary', 'output', 'runbook', 'target', 'id', 'run', 'fingerprint', 'version'),
      fc.oneof(texts, fc.constant(null)),
    ),
    fc.dictionary(fc.constantFrom('items'), items),
    fc.dictionary(fc.constantFrom('fields', 'labels'), fc.dictionary(fc.string({ maxLength: 20 }), numbers)),
    fc.constantFrom(undefined, 'cpu', 'mem', 'load', 'fs', 'disk', 'net', 'app_x'),
  )
  .map(([golden, host, name, ...changes]) => {
    const group = changes.pop() as string | undefined
    const address: Record<string, unknown> = { ...parseSubject(golden.subject) }
    const event: Record<string, unknown> = { ...golden.event }
    for (const change of changes)
      for (const [field, value] of Object.entries(change ?? {})) if (fits(event, field, value)) event[field] = value
    if ('host' in address) address['host'] = event['host'] = host
    for (const token of ['check', 'rule', 'playbook', 'job', 'service']) if (token in address) address[token] = event[token] = name
    if ('group' in address && group !== undefined) address['group'] = event['group'] = group
    return { subject: buildSubject(address as unknown as Address), event }
  })

function parse({ subject, event }: Golden): Received | undefined {
  try {
    return parseEvent(subject, new TextEncoder().encode(JSON.stringify(event)))
  } catch (error) {
    if (error instanceof ContractError) return undefined
    throw error
  }
}

it('takes any valid event in any order, stays within its bounds, and forgets all but what fires', () => {
  let taken = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(mutated, fc.integer({ min: 0, max: 4e12 }), fc.boolean()), { minLength: 20, maxLength: 60 }),
      (messages) => {
        const fleet = new Fleet(limits)
        for (const [message, seenMs, isKorean] of messages) {
          const received = parse(message)
          if (received === undefined) continue
          taken++
          fleet.apply(reduce(fleet.model, received, seenMs, isKorean ? 'ko' : 'en'))
        }
        for (const kind of entryKinds) expect(fleet.model[kind].size).toBeLessThanOrEqual(limits[kind])
        for (const host of fleet.model.host.values())
          expect(host.fs.length + host.disk.length + host.net.length).toBeLessThanOrEqual(3 * maxItemsPerHost)
        for (const trend of fleet.model.trend.values()) expect(trend.values.length).toBeLessThanOrEqual(trendLength)
        for (const heal of fleet.model.heal.values()) expect(heal.steps.length).toBeLessThanOrEqual(maxStepsPerHeal)
        for (const kind of entryKinds)
          for (const entry of fleet.model[kind].values()) expect(JSON.stringify(entry).length).toBeLessThan(70_000)
        fleet.apply(sweep(fleet.model, Date.parse('9999-12-31')))
        const kept = [...fleet.model.alert.values()].filter((alert) => alert.state === 'resolved' || alert.state === 'pending')
        expect(kept).toEqual([])
        expect(fleet.model.heal.size + fleet.model.agent.size).toBe(0)
      },
    ),
    { numRuns: 80 },
  )
  expect(taken).toBeGreaterThan(800)
})

it('ends up the same when every event comes twice', () => {
  fc.assert(
    fc.property(fc.array(mutated, { minLength: 10, maxLength: 40 }), (messages) => {
      const received = messages.flatMap((message, index) => parse({ ...message, event: { ...message.event, id: `id-${index}` } }) ?? [])
      const roomy: Limits = { host: 100, trend: 100, check: 100, alert: 100, heal: 100, agent: 100, event: 100 }
      const [once, twice] = [new Fleet(roomy), new Fleet(roomy)]
      for (const [index, event] of received.entries()) {
        once.apply(reduce(once.model, event, index, 'en'))
        for (let copy = 0; copy < 2; copy++) twice.apply(reduce(twice.model, event, index, 'en'))
      }
      for (const kind of entryKinds) expect([...twice.model[kind]]).toEqual([...once.model[kind]])
    }),
    { numRuns: 60 },
  )
})
