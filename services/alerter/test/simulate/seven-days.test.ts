import { expect, test } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { alerterConfigSchema } from '../../src/config.ts'
import { explainAlert, type Explanation } from '../../src/explain/explain-alert.ts'
import type { Recorded } from '../../src/simulate/memory-bus.ts'
import { Simulation } from '../../src/simulate/simulation.ts'
import type { Silence } from '../../src/silence/silence.ts'
import { mustBeTold, stretchesOfSamples, type Quiet, type Stretch, type Told } from './reference-model.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
const startMs = Date.parse('2026-03-02T00:00:00Z')
const endMs = startMs + 7 * dayMs
/** No multiple of the five minutes between two samples: a repetition never falls on the moment of a change. */
const repeatMs = 4 * hourMs + minuteMs
const hosts = Array.from({ length: 20 }, (_, index) => `host-${index}`)

const config = alerterConfigSchema.parse({
  default_rules: ['check-failing'],
  rules: { cpu: { metric: 'cpu.usage_ratio', above: { warning: 0.85, critical: 0.95 }, clear: 0.75, for: '15m' } },
  route: { group_by: ['alert'], group_interval: '0s', repeat_interval: '4h1m' },
  // While the network of a host fails, all else about it is only a consequence.
  inhibit: { network: { source: { check: 'network' }, target: {}, equal: ['host'] } },
  windows: { nightly: { match: { host: ['host-0', 'host-1', 'host-2'] }, from: '02:00', to: '03:30' } },
  presence: { hosts: ['!*'], stale_after: '1d' },
  flapping: { enabled: false },
})
const base = baseConfigSchema.parse({ timezone: 'UTC' })

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Flip {
  readonly atMs: number
  readonly isFailing: boolean
}

interface Week {
  readonly samples: Map<string, { atMs: number; value: number | null }[]>
  /** By `host check`. */
  readonly flips: Map<string, Flip[]>
  readonly silences: { atMs: number; host: string; forMs: number; endedMs: number | undefined }[]
}

/** No two things at the same moment: which of them comes first would be anybody's guess. */
function weekOf(seed: number): Week {
  const random = randomOf(seed)
  const taken = new Set<number>()
  const free = (wantedMs: number): number => {
    let atMs = Math.floor(wantedMs)
    while (taken.has(atMs) || atMs % minuteMs === 0) atMs++
    taken.add(atMs)
    return atMs
  }
  const samples = new Map<string, { atMs: number; value: number | null }[]>()
  const flips = new Map<string, Flip[]>()
  for (const [index, host] of hosts.entries()) {
    let level = random()
    const ofHost: { atMs: number; value: number | null }[] = []
    for (let atMs = startMs + index * 7919 + 1; atMs < endMs; atMs += 5 * minuteMs) {
      level = Math.min(1, Math.max(0.2, level + (random() - 0.48) * 0.2))
      ofHost.push({ atMs, value: random() < 0.02 ? null : Math.round(level * 1000) / 1000 })
      taken.add(atMs)
    }
    samples.set(host, ofHost)
  }
  for (const host of hosts) {
    for (const [check, everyMs] of [
      ['web', 9 * hourMs],
      ['network', 30 * hourMs],
    ] as const) {
      const ofCheck: Flip[] = []
      let isFailing = false
      for (let atMs = startMs + random() * everyMs; atMs < endMs; atMs += (isFailing ? random() * 0.9 : random() * 2) * everyMs) {
        isFailing = !isFailing
        ofCheck.push({ atMs: free(atMs + minuteMs), isFailing })
      }
      flips.set(`${host} ${check}`, ofCheck)
    }
  }
  const silences = Array.from({ length: 60 }, () => {
    const atMs = free(startMs + random() * 6.5 * dayMs)
    const forMs = Math.ceil(random() * 10) * hourMs
    const host = hosts[Math.floor(random() * hosts.length)] ?? 'host-0'
    return { atMs, host, forMs, endedMs: random() < 0.4 ? free(atMs + random() * forMs * 0.9) : undefined }
  })
  return { samples, flips, silences }
}

function recorded(stream: 'METRICS' | 'EVENTS', subject: string, host: string, atMs: number, body: object): Recorded {
  const id = derivedId(atMs, subject)
  const envelope = { v: 1, id, time: isoTime(atMs), host, source: `collector@${host}`, correlation_id: id }
  return { stream, subject, receivedMs: atMs, data: Buffer.from(JSON.stringify({ ...envelope, ...body })) }
}

function messagesOf({ samples, flips }: Week): Recorded[] {
  const metrics = [...samples].flatMap(([host, all]) =>
    all.map(({ atMs, value }) =>
      recorded('METRICS', buildSubject({ kind: 'metric', host, group: 'cpu' }), host, atMs, {
        group: 'cpu',
        fields: { usage_ratio: value },
      }),
    ),
  )
  const transitions = [...flips].flatMap(([key, all]) => {
    const [host = '', check = ''] = key.split(' ')
    return all.map(({ atMs, isFailing }) =>
      recorded('EVENTS', buildSubject({ kind: 'health', host, check }), host, atMs, {
        check,
        kind: 'http',
        state: isFailing ? 'failing' : 'ok',
        previous: null,
        consecutive: 1,
        error: isFailing ? 'refused' : null,
        check_event_id: null,
      }),
    )
  })
  return [...metrics, ...transitions]
}

/** What really happened, from what was simulated: who heard what when, and how each decision to tell or not to tell was explained. */
async function live(week: Week): Promise<{ told: Told[]; explained: Explained }> {
  const told: Told[] = []
  const explained: Explained = { told: 0, keptBack: 0, ended: 0 }
  /** Alerts of which something was decided that is not explained yet. */
  const decided = new Set<string>()
  const isOurs = (event: AlertEvent): boolean => event.rule !== 'silence-ending'
  const simulation = await Simulation.open({
    base,
    config,
    startMs,
    leastLookMs: minuteMs,
    onAlert: (event) => {
      if (isOurs(event) && event.phase !== 'pending') decided.add(event.fingerprint)
    },
    onNotification: ({ event, message }, atMs) => {
      // That a silence is about to end is told to people too, and no part of this.
      if (!isOurs(event)) return
      decided.delete(event.fingerprint)
      explainTelling(simulation, { event, occasion: message.occasion, atMs }, explained)
      const what = message.occasion as Told['what']
      told.push({ atMs, alert: `${event.host} ${event.labels['check'] ?? event.rule}`, what })
    },
  })
  const ids = new Map<object, string>()
  const acts: { atMs: number; run: () => Promise<void> }[] = [
    ...messagesOf(week).map((message) => ({ atMs: message.receivedMs, run: () => simulation.receive(message) })),
    ...week.silences.flatMap((silence) => {
      const { atMs, host, forMs, endedMs } = silence
      const matchers = [{ name: 'host', op: '=', value: host }]
      const request = { matchers, duration_seconds: forMs / 1000, creator: 'the test' }
      const begin = async (): Promise<void> => void ids.set(silence, (await simulation.ask<Silence>('silence', request)).id)
      const end = async (): Promise<void> => void (await simulation.ask('unsilence', { id: ids.get(silence) }))
      return [{ atMs, run: begin }, ...(endedMs === undefined ? [] : [{ atMs: endedMs, run: end }])]
    }),
  ]
  try {
    for (const { atMs, run } of acts.toSorted((a, b) => a.atMs - b.atMs)) {
      await simulation.advanceTo(atMs)
      await run()
      // Whoever did not hear of it by now does not for a reason.
      for (const fingerprint of decided) explainSilence(simulation, fingerprint, explained)
      decided.clear()
    }
    await simulation.advanceTo(endMs)
    expect(simulation.problems()).toEqual([])
  } finally {
    await simulation.close()
  }
  return { told, explained }
}

/** Decisions, each of which was explained. */
interface Explained {
  told: number
  keptBack: number
  ended: number
}

function explanationOf(simulation: Simulation, fingerprint: string): Explanation | undefined {
  const standing = simulation.standing()
  const record = standing.records.find(({ series }) => series.fingerprint === fingerprint)
  const explanation = record && explainAlert(record, standing)
  if (record !== undefined && explanation === undefined) throw new Error('something was decided of an alert that is not explained')
  return explanation
}

/** People hear of it at this moment: the explanation says so, to whom, and how many messages that makes. */
function explainTelling(simulation: Simulation, told: { event: AlertEvent; occasion: string; atMs: number }, explained: Explained): void {
  const { event, occasion, atMs } = told
  const { phase, why, mutes } = explanationOf(simulation, event.fingerprint) ?? {}
  if (occasion === 'resolved') {
    expect([event.phase, phase, why]).toEqual(['resolved', 'ok', 'it is over'])
    explained.ended++
    return
  }
  expect([phase, mutes]).toEqual(['firing', []])
  expect(why).toMatch(/^told at \S+ to log, \d+ messages? so far; next at .*: said again, every 4h1m$/)
  expect(why?.startsWith(`told at ${isoTime(atMs)} to log, ${occasion === 'new' ? '1 message so far' : ''}`)).toBe(true)
  explained.told++
}

/** Something happened to it, and nobody heard: it is kept back for a reason that is there, or it is over and nobody knew of it. */
function explainSilence(simulation: Simulation, fingerprint: string, explained: Explained): void {
  const { phase, why, mutes, groups } = explanationOf(simulation, fingerprint) ?? {}
  if (phase === 'firing') {
    expect(why).toMatch(/^nobody is told: it is (only a consequence, by|silenced, by|in the maintenance window) \S+/)
    expect(mutes).not.toEqual([])
    explained.keptBack++
    return
  }
  expect([phase, why, groups]).toEqual(['ok', 'it is over', []])
  explained.ended++
}

/** What had to happen. */
function expectedOf({ samples, flips, silences }: Week): Told[] {
  const failing = (key: string): Stretch[] => {
    const all = flips.get(key) ?? []
    return all.flatMap(({ atMs, isFailing }, index) =>
      isFailing ? [{ fromMs: atMs, toMs: all[index + 1]?.atMs ?? endMs + 1, severity: 'critical' as const }] : [],
    )
  }
  return hosts.flatMap((host) => {
    const silenced = silences
      .filter((silence) => silence.host === host)
      .map(({ atMs, forMs, endedMs }): Quiet => ({ fromMs: atMs, toMs: endedMs ?? atMs + forMs }))
    const nights = Array.from({ length: 8 }, (_, day) => startMs + day * dayMs).map((midnightMs): Quiet => ({
      fromMs: midnightMs + 2 * hourMs,
      toMs: midnightMs + 3.5 * hourMs,
    }))
    const quiet = [...silenced, ...(['host-0', 'host-1', 'host-2'].includes(host) ? nights : [])]
    const outages = failing(`${host} network`)
    return [
      ...mustBeTold(`${host} network`, outages, quiet, repeatMs, endMs),
      ...mustBeTold(`${host} web`, failing(`${host} web`), [...quiet, ...outages], repeatMs, endMs),
      ...mustBeTold(
        `${host} cpu`,
        stretchesOfSamples(samples.get(host) ?? [], 15 * minuteMs, endMs),
        [...quiet, ...outages],
        repeatMs,
        endMs,
      ),
    ]
  })
}

/** A group that a mute was taken from is looked at in the desk's next turn, a millisecond later, and repeats from then on. */
const toleranceMs = 5

/** What is told of each alert, in its order, each with the moment. */
function byAlert(all: readonly Told[]): Map<string, Told[]> {
  return Map.groupBy(
    all.toSorted((a, b) => (a.alert === b.alert ? a.atMs - b.atMs : a.alert < b.alert ? -1 : 1)),
    ({ alert }) => alert,
  )
}

const words = (all: readonly Told[]): string[] => [...byAlert(all).values()].flat().map(({ alert, what }) => `${alert} ${what}`)

/** Between the same messages of the two, as far as they differ most. */
function worstDifferenceMs(a: readonly Told[], b: readonly Told[]): number {
  const [left, right] = [a, b].map((all) => [...byAlert(all).values()].flat())
  return Math.max(...(left ?? []).map(({ atMs }, index) => Math.abs(atMs - (right?.[index]?.atMs ?? Number.NaN))))
}

test.each([1, 20_261_121])(
  'seven days of twenty hosts, seed %i: everybody hears exactly what a second, plain model says, and when it says so',
  async (seed) => {
    const week = weekOf(seed)
    const { told, explained } = await live(week)
    const expected = expectedOf(week)
    expect(words(told)).toEqual(words(expected))
    expect(worstDifferenceMs(told, expected)).toBeLessThanOrEqual(toleranceMs)
    const count = (what: Told['what']): number => told.filter((each) => each.what === what).length
    // The week has something of everything, or it would prove nothing.
    expect(count('new')).toBeGreaterThan(100)
    expect(count('changed')).toBeGreaterThan(10)
    expect(count('repeated')).toBeGreaterThan(50)
    expect(count('resolved')).toBeGreaterThan(100)
    expect(explained.told).toBe(count('new') + count('changed') + count('repeated'))
    expect(explained.keptBack).toBeGreaterThan(30)
    expect(explained.ended).toBeGreaterThan(count('resolved'))
  },
  120_000,
)
