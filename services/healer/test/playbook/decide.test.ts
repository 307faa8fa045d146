import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { healEventSchema } from '@nightshift/shared/events/heal'
import { parseEvent } from '@nightshift/shared/events/parse'
import { Simulation, type Luck } from './simulation.ts'
import { healthFixture, startMs, surroundings } from './run-fixture.ts'

const luck = fc.constantFrom<Luck>('good', 'bad', 'bad', 'silent')
const check = fc.constantFrom('web', 'db', 'mail')
const move = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('work' as const),
      steps: fc.integer({ min: 1, max: 12 }),
      luck: fc.constantFrom<Luck>('bad', 'bad', 'bad', 'good'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('answer' as const), index: fc.nat(20), luck }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(5000), fc.nat(150_000), fc.nat(150_000), fc.nat(1_800_000)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('health' as const),
      check,
      state: fc.constantFrom('failing' as const, 'failing' as const, 'ok' as const, 'unknown' as const, 'removed' as const),
      ageMs: fc.nat(2_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), index: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
)

type Move = typeof move extends fc.Arbitrary<infer T> ? T : never

function play(moves: Move[]): Simulation {
  const simulation = new Simulation()
  const delivered: { event: ReturnType<Simulation['transition']>; seq: number }[] = []
  for (const step of moves) {
    if (step.kind === 'answer') simulation.answer(step.index, step.luck)
    else if (step.kind === 'work') for (let i = 0; i < step.steps; i++) simulation.work(step.luck)
    else if (step.kind === 'pass') simulation.now += step.ms
    else if (step.kind === 'health')
      delivered.push({ event: simulation.transition(step.check, step.state, step.ageMs), seq: delivered.length + 1 })
    else if (step.kind === 'kill') simulation.killed = step.on
    else if (step.kind === 'restart') simulation.restart()
    else {
      const old = delivered[step.index % Math.max(1, delivered.length)]
      if (old !== undefined) simulation.deliver(old.event, old.seq)
    }
  }
  return simulation
}

/** The most that fall into any window of this length. */
function densest(times: number[], windowMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at - from < windowMs).length))
}

const anyMoves = fc.array(move, { minLength: 20, maxLength: 250, size: 'max' })
const runs = { numRuns: 300 }

describe('whatever happens, in whatever order', () => {
  test('no target is acted on more often than its window allows, nor the host than its rate', () => {
    let mostActs = 0
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const { acts } = play(moves)
        mostActs = Math.max(mostActs, acts.length)
        for (const target of ['web', 'mail'])
          expect(
            densest(
              acts.filter((act) => act.target === target).map((act) => act.atMs),
              900_000,
            ),
          ).toBeLessThanOrEqual(3)
        expect(
          densest(
            acts.filter((act) => act.target === 'db').map((act) => act.atMs),
            900_000,
          ),
        ).toBeLessThanOrEqual(1)
        expect(
          densest(
            acts.map((act) => act.atMs),
            surroundings.rate.perMs,
          ),
        ).toBeLessThanOrEqual(surroundings.rate.actions)
      }),
      runs,
    )
    expect(mostActs).toBeGreaterThan(5)
  })

  test('no target is healed more than six times a day, however often it fails and is healed', () => {
    let mostHeals = 0
    fc.assert(
      fc.property(
        fc.array(fc.record({ check, pauseMs: fc.nat(7_200_000) }), { minLength: 5, maxLength: 60, size: 'max' }),
        (breakdowns) => {
          const simulation = new Simulation()
          for (const { check: broken, pauseMs } of breakdowns) {
            simulation.now += pauseMs
            simulation.transition(broken, 'failing', 0)
            simulation.heal(broken)
            simulation.transition(broken, 'ok', 0)
          }
          for (const target of simulation.checks) {
            const heals = densest(
              simulation.acts.filter((act) => act.target === target && act.attempt === 1).map((act) => act.atMs),
              86_400_000,
            )
            mostHeals = Math.max(mostHeals, heals)
            expect(heals).toBeLessThanOrEqual(6)
          }
        },
      ),
      { numRuns: 100 },
    )
    expect(mostHeals).toBe(6)
  })

  test('nothing is done while the kill switch is on', () => {
    fc.assert(
      fc.property(anyMoves, (moves) => {
        expect(play(moves).acts.filter((act) => act.killed)).toEqual([])
      }),
      runs,
    )
  })

  test('no attempt is made twice, not even after a restart or a redelivery', () => {
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const made = play(moves).acts.map((act) => `${act.run} ${act.attempt}`)
        expect(new Set(made).size).toBe(made.length)
      }),
      runs,
    )
  })

  test('every run ends, whether the world answers well, badly or not at all', () => {
    fc.assert(
      fc.property(anyMoves, fc.infiniteStream(luck), (moves, lucks) => {
        const simulation = play(moves)
        simulation.killed = false
        simulation.runOut(() => lucks.next().value as Luck, 2000)
        expect(simulation.state.runs).toEqual({})
      }),
      { numRuns: 150 },
    )
    for (const always of ['good', 'bad', 'silent'] as const) {
      const simulation = new Simulation()
      simulation.transition('web', 'failing', 0)
      simulation.runOut(() => always, 1000)
    }
  })

  test('a run that is held for ever by the kill switch calls a person in the end', () => {
    const simulation = new Simulation()
    simulation.killed = true
    simulation.transition('web', 'failing', 0)
    simulation.runOut(() => 'bad', 20_000)
    expect(simulation.state.ended).toMatchObject([{ phase: 'escalated', attempt: 0 }])
    expect(simulation.acts).toEqual([])
  })

  test('everything that is told keeps to the contract and has an id of its own', () => {
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const { outbox } = play(moves).state
        expect(new Set(outbox.map((entry) => entry.event.id)).size).toBe(outbox.length)
        for (const { subject, event } of outbox) expect(parseEvent(subject, Buffer.from(JSON.stringify(event))).subject).toBe(subject)
      }),
      { numRuns: 100 },
    )
  })
})

describe('a transition', () => {
  test('that comes twice is taken once, even when its run is over', () => {
    const simulation = new Simulation()
    const event = simulation.transition('web', 'failing', 0)
    simulation.runOut(() => 'bad', 500)
    const before = simulation.state
    simulation.deliver(event, 99)
    expect(simulation.state).toBe(before)
  })

  test('that a later one overtook starts nothing, and the reason is audited', () => {
    const simulation = new Simulation()
    simulation.transition('web', 'ok', 30_000)
    simulation.transition('web', 'ok', 0)
    simulation.deliver(healthFixture('late', { time: new Date(simulation.now - 60_000).toISOString() }), 1)
    expect(simulation.state.runs).toEqual({})
    expect(simulation.state.outbox).toMatchObject([
      { subject: 'ops.audit.healer', event: { outcome: 'nothing', reason: expect.stringContaining('overtaken by ok') as string } },
    ])
  })

  test('of a stream that was made anew is taken although its number is low', () => {
    const simulation = new Simulation()
    simulation.transition('web', 'ok', 0)
    simulation.now += 1000
    simulation.deliver(healthFixture('e-anew', { time: new Date(simulation.now).toISOString() }), 0)
    expect(Object.keys(simulation.state.runs)).toEqual(['web'])
  })

  test('of a clock that was set back is taken although its time is early', () => {
    const simulation = new Simulation()
    simulation.transition('web', 'ok', 0)
    simulation.transition('web', 'failing', 3_000)
    expect(Object.keys(simulation.state.runs)).toEqual(['web'])
  })

  test('from long ago waits for what came after it, and ends without a word when that is ok', () => {
    const simulation = new Simulation()
    simulation.transition('web', 'failing', 86_400_000)
    expect(simulation.state.runs['web']).toMatchObject({ phase: 'detected', stale: true, dueMs: simulation.now + 2000 })
    simulation.transition('web', 'ok', 86_300_000)
    expect(simulation.state).toMatchObject({ runs: {}, outbox: [], ended: [{ phase: 'recovered', attempt: 0 }] })
  })

  test('gives its correlation id to everything that is told about the run', () => {
    const simulation = new Simulation()
    simulation.transition('web', 'failing', 0)
    simulation.runOut(() => 'bad', 500)
    const { outbox } = simulation.state
    expect(outbox.length).toBeGreaterThan(10)
    expect(new Set(outbox.map((entry) => entry.event['correlation_id']))).toEqual(new Set(['c-e1']))
    const heals = outbox.filter((entry) => entry.subject.startsWith('ops.heal.')).map((entry) => healEventSchema.parse(entry.event))
    expect(heals.at(-1)).toMatchObject({ phase: 'escalated', attempt: 3, max_attempts: 3, target: 'web', trigger: { event_id: 'e1' } })
  })

  test('of any content that keeps to the contract is decided on without an error', () => {
    const time = fc.oneof(
      fc.constant('1900-01-01T00:00:00.000Z'),
      fc.constant('9999-12-31T23:59:59.999Z'),
      fc.constant(new Date(startMs).toISOString()),
    )
    const text = fc.string({ unit: 'binary', maxLength: 2000 })
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 64 })
    const event = fc.record({
      id,
      time,
      error: text,
      correlation_id: id,
      state: fc.constantFrom('ok' as const, 'failing' as const, 'unknown' as const, 'removed' as const),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (changes) => {
        const simulation = new Simulation()
        for (const [seq, change] of changes.entries()) {
          simulation.deliver(healthFixture(change.id, change), seq)
          simulation.work('bad')
        }
        for (const { subject, event: told } of simulation.state.outbox)
          expect(parseEvent(subject, Buffer.from(JSON.stringify(told))).subject).toBe(subject)
      }),
    )
  })
})
