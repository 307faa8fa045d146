import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Life, Observation, Transition } from '../../src/alert/life.ts'
import { step } from '../../src/alert/reducer.ts'
import type { Terms } from '../../src/rules/rule.ts'
import type { Standings } from '../../src/rules/standing.ts'

const second = 1000
const minute = 60_000
const start = Date.parse('2026-11-21T03:00:00.000Z')
const terms = (change: Partial<Terms> = {}): Terms => ({ forMs: 0, announceAfterMs: 0, failures: 1, keepFiringMs: 0, ...change })
const over: Standings = { warning: 'over' }
const clear: Standings = { warning: 'clear' }

let count = 0
function reading(at: number, standings: Standings, change: Partial<Extract<Observation, { kind: 'reading' }>> = {}): Observation {
  const id = `event-${count++}`
  return { kind: 'reading', at, id, correlationId: id, standings, value: 1, detail: null, failures: 1, gapMs: 0, ...change }
}

/** Runs observations through one life and returns what was told. */
function live(rule: Terms, observations: readonly Observation[]): { life: Life | undefined; told: Transition[] } {
  let life: Life | undefined
  const told: Transition[] = []
  for (const observation of observations) {
    const [next, transitions] = step('fingerprint', rule, life, observation, start)
    life = next
    told.push(...transitions)
  }
  return { life, told }
}

const phases = (told: readonly Transition[]): string[] => told.map((transition) => `${transition.phase} ${transition.severity}`)

describe('the life of an alert', () => {
  it('fires at once when the rule has no "for"', () => {
    const { told, life } = live(terms(), [reading(start, over)])
    expect(phases(told)).toEqual(['firing warning'])
    expect(life?.started_ms).toBe(start)
  })

  it('fires at the moment "for" has passed by event time, and not a millisecond before', () => {
    const rule = terms({ forMs: 5 * minute, announceAfterMs: 10 * second })
    const before = live(rule, [reading(start, over), reading(start + 5 * minute - 1, over)])
    expect(phases(before.told)).toEqual(['pending warning'])
    const at = live(rule, [reading(start, over), reading(start + 5 * minute, over)])
    expect(phases(at.told)).toEqual(['firing warning'])
  })

  it('tells nobody of a breach that ends at once', () => {
    const rule = terms({ forMs: 5 * minute, announceAfterMs: 10 * second })
    expect(live(rule, [reading(start, over), reading(start + 9 * second, clear)]).told).toEqual([])
    const told = live(rule, [reading(start, over), reading(start + 10 * second, over), reading(start + 11 * second, clear)]).told
    expect(phases(told)).toEqual(['pending warning', 'resolved warning'])
    expect(told[1]?.reason).toBe('recovered before it fired')
  })

  it('starts "for" anew after a reading that is clear', () => {
    const rule = terms({ forMs: minute })
    const { told } = live(rule, [
      reading(start, over),
      reading(start + 59 * second, clear),
      reading(start + 60 * second, over),
      reading(start + 119 * second, over),
    ])
    expect(phases(told)).toEqual(['pending warning', 'resolved warning', 'pending warning'])
  })

  it('holds "for" over a time in which nobody could see: it neither counts nor starts anew', () => {
    const rule = terms({ forMs: minute })
    const observations = [
      reading(start, over),
      reading(start + 30 * second, over),
      reading(start + 630 * second, over, { gapMs: 600 * second }),
    ]
    expect(phases(live(rule, observations).told)).toEqual(['pending warning'])
    expect(phases(live(rule, [...observations, reading(start + 659 * second, over)]).told)).toEqual(['pending warning'])
    expect(phases(live(rule, [...observations, reading(start + 660 * second, over)]).told)).toEqual(['pending warning', 'firing warning'])
  })

  it('starts "for" anew when the clock of the source was set back', () => {
    const rule = terms({ forMs: minute })
    const { told } = live(rule, [
      reading(start, over),
      reading(start - 10 * minute, over),
      reading(start - 10 * minute + 59 * second, over),
    ])
    expect(phases(told)).toEqual(['pending warning'])
  })

  it('does not change severity when the clock of the source is set back while it fires', () => {
    const rule = terms({ forMs: minute })
    const both: Standings = { warning: 'over', critical: 'over' }
    const firing = [reading(start, over), reading(start + minute, over)]
    expect(phases(live(rule, [...firing, reading(start - minute, both), reading(start - minute + second, both)]).told)).toEqual([
      'pending warning',
      'firing warning',
    ])
  })

  it('is one alert for both severities: up and down are updates of the same epoch', () => {
    const at = (seconds: number, warning: 'over' | 'clear', critical: 'over' | 'clear') =>
      reading(start + seconds * second, { warning, critical })
    const { told, life } = live(terms(), [at(0, 'over', 'clear'), at(1, 'over', 'over'), at(2, 'over', 'clear'), at(3, 'clear', 'clear')])
    expect(phases(told)).toEqual(['firing warning', 'updated critical', 'updated warning', 'resolved warning'])
    expect(told.map((transition) => transition.reason)).toEqual([
      null,
      'up from warning to critical',
      'down from critical to warning',
      'recovered',
    ])
    expect(life?.updates).toBe(2)
  })

  it('becomes critical only when critical too has held for "for"', () => {
    const rule = terms({ forMs: minute })
    const at = (seconds: number, critical: 'over' | 'clear') => reading(start + seconds * second, { warning: 'over', critical })
    const { told } = live(rule, [at(0, 'clear'), at(60, 'over'), at(119, 'over'), at(120, 'over')])
    expect(phases(told)).toEqual(['pending warning', 'firing warning', 'updated critical'])
  })

  it('keeps what fires between threshold and clear, and does not start there', () => {
    const between: Standings = { warning: 'between' }
    expect(live(terms(), [reading(start, between)]).told).toEqual([])
    expect(phases(live(terms(), [reading(start, over), reading(start + 1, between)]).told)).toEqual(['firing warning'])
    expect(
      phases(live(terms({ forMs: minute }), [reading(start, over), reading(start + 1, between), reading(start + minute, over)]).told),
    ).toEqual(['pending warning', 'resolved warning', 'pending warning'])
  })

  it('says why it ended when what it was about is gone', () => {
    const { told } = live(terms(), [reading(start, over), { kind: 'end', at: start + 1, id: 'end', reason: 'check removed' }])
    expect(told[1]).toMatchObject({ phase: 'resolved', reason: 'check removed', trigger: 'end' })
  })

  it('waits for the failed results that a rule asks for, in a row', () => {
    const rule = terms({ failures: 5 })
    const result = (seconds: number, ok: boolean): Observation => ({ kind: 'result', at: start + seconds * second, id: `r${seconds}`, ok })
    const failing = reading(start, over, { failures: 3 })
    expect(phases(live(rule, [failing, result(0, false), result(1, false)]).told)).toEqual(['pending warning'])
    expect(phases(live(rule, [failing, result(1, false), result(2, false)]).told)).toEqual(['pending warning', 'firing warning'])
    const interrupted = [failing, result(1, false), result(2, true), ...[3, 4, 5, 6].map((at) => result(at, false))]
    expect(phases(live(rule, interrupted).told)).toEqual(['pending warning'])
    expect(phases(live(rule, [...interrupted, result(7, false)]).told)).toEqual(['pending warning', 'firing warning'])
  })

  it('fires when only time passes on its host', () => {
    const rule = terms({ forMs: minute })
    const time = (seconds: number): Observation => ({ kind: 'time', at: start + seconds * second, id: `t${seconds}` })
    expect(phases(live(rule, [reading(start, over), time(59)]).told)).toEqual(['pending warning'])
    expect(phases(live(rule, [reading(start, over), time(59), time(60), time(61)]).told)).toEqual(['pending warning', 'firing warning'])
  })
})

const standing = fc.constantFrom('over', 'between', 'clear' as const)
const anyReading = fc.record({
  kind: fc.constant('reading'),
  stepMs: fc.integer({ min: -minute, max: 5 * minute }),
  warning: standing,
  critical: standing,
  gap: fc.boolean(),
})
const anyOther = fc.oneof(
  fc.record({ kind: fc.constant('time'), stepMs: fc.integer({ min: 0, max: minute }) }),
  fc.record({ kind: fc.constant('result'), stepMs: fc.integer({ min: 0, max: minute }), ok: fc.boolean() }),
  fc.record({ kind: fc.constant('end'), stepMs: fc.integer({ min: 0, max: minute }) }),
)
const anyTerms = fc.record({
  forMs: fc.constantFrom(0, second, minute),
  announceAfterMs: fc.constantFrom(0, second),
  failures: fc.integer({ min: 1, max: 3 }),
  keepFiringMs: fc.constantFrom(0, minute),
})

/** A history with times that mostly move on, and ids that never repeat. */
const histories = fc
  .array(fc.oneof({ weight: 5, arbitrary: anyReading }, { weight: 2, arbitrary: anyOther }), { maxLength: 60 })
  .map((items) => {
    let at = start
    return items.map((item, index): Observation => {
      at += item.stepMs
      const id = `e${index}`
      if (item.kind === 'reading' && 'warning' in item) {
        const critical = item.warning === 'over' ? item.critical : item.warning
        return {
          kind: 'reading',
          at,
          id,
          correlationId: id,
          standings: { warning: item.warning, critical },
          value: index,
          detail: null,
          failures: 1,
          gapMs: item.gap ? 1 : 0,
        }
      }
      if (item.kind === 'result') return { kind: 'result', at, id, ok: 'ok' in item && item.ok }
      return item.kind === 'end' ? { kind: 'end', at, id, reason: 'gone' } : { kind: 'time', at, id }
    })
  })

function isEvidenceOfTheEnd(observation: Observation): boolean {
  return observation.kind === 'end' || (observation.kind === 'reading' && observation.standings.warning !== 'over')
}

/** Every step of a history: the life before and after it, and what it told. */
function stepsOf(rule: Terms, history: readonly Observation[]) {
  let life: Life | undefined
  return history.map((observation) => {
    const before = life
    const [after, [told]] = step('f', rule, before, observation, start)
    life = after
    return { observation, before, after, told }
  })
}

describe('an alert that is kept', () => {
  const rule = terms({ keepFiringMs: minute })

  it('resolves when the condition has been away for long enough by event time, and not a millisecond before', () => {
    const history = [reading(start, over), reading(start + second, clear), reading(start + minute, clear)]
    expect(phases(live(rule, history).told)).toEqual(['firing warning'])
    expect(phases(live(rule, [...history, reading(start + second + minute, clear)]).told)).toEqual(['firing warning', 'resolved warning'])
  })

  it('starts anew when the condition comes back, in the same epoch and without a word', () => {
    const history = [
      reading(start, over),
      reading(start + second, clear),
      reading(start + 30 * second, over),
      reading(start + 40 * second, clear),
    ]
    const { told, life } = live(rule, [...history, reading(start + second + minute, clear)])
    expect(phases(told)).toEqual(['firing warning'])
    expect(life).toMatchObject({ phase: 'firing', kept_since_ms: start + 40 * second })
  })

  it('is not kept before it fired, and ends at once with what it is about', () => {
    const pending = terms({ keepFiringMs: minute, forMs: minute })
    expect(phases(live(pending, [reading(start, over), reading(start + second, clear)]).told)).toEqual([
      'pending warning',
      'resolved warning',
    ])
    const end: Observation = { kind: 'end', at: start + 2 * second, id: 'end', reason: 'gone' }
    expect(live(rule, [reading(start, over), reading(start + second, clear), end]).told.at(-1)?.reason).toBe('gone')
  })

  it('does not come nearer to its end while nobody can see', () => {
    const blind = reading(start + 10 * minute, clear, { gapMs: 9 * minute })
    const { told } = live(rule, [reading(start, over), reading(start + 30 * second, clear), blind])
    expect(phases(told)).toEqual(['firing warning'])
  })
})

describe('any history', () => {
  it('never resolves without a reading that is not over, or an end', () => {
    fc.assert(
      fc.property(anyTerms, histories, (rule, history) =>
        stepsOf(rule, history).every(({ observation, told }) => told?.phase !== 'resolved' || isEvidenceOfTheEnd(observation)),
      ),
    )
  })

  it('never stops firing without saying so, and never between threshold and clear', () => {
    fc.assert(
      fc.property(anyTerms, histories, (rule, history) =>
        stepsOf(rule, history).every(({ observation, before, after, told }) => {
          const hasStopped = before?.phase === 'firing' && after?.phase !== 'firing'
          const isBetween = observation.kind === 'reading' && observation.standings.warning === 'between'
          // One that is kept has been clear already.
          const wasKept = before?.kept_since_ms !== undefined
          return !hasStopped || (told?.phase === 'resolved' && (!isBetween || wasKept))
        }),
      ),
    )
  })

  it('never fires before "for" has passed since the level began', () => {
    fc.assert(
      fc.property(anyTerms, histories, (rule, history) =>
        stepsOf(rule, history).every(({ observation, after, told }) => {
          const level = after?.levels[after.severity]
          return told?.phase !== 'firing' || (level !== undefined && observation.at - level.since_ms - level.held_ms >= rule.forMs)
        }),
      ),
    )
  })

  it('has epochs that only grow, and events that are in order within one', () => {
    const order = { pending: 0, firing: 1, updated: 2, resolved: 3, acked: 4, flapping: 4 }
    fc.assert(
      fc.property(anyTerms, histories, (rule, history) => {
        const told = stepsOf(rule, history).flatMap((one) =>
          one.told === undefined ? [] : [{ epoch: one.after?.epoch ?? '', phase: one.told.phase }],
        )
        return told.every((event, index) => {
          const last = told[index - 1]
          if (last === undefined || event.epoch > last.epoch) return true
          return (
            event.epoch === last.epoch && (event.phase === 'updated' ? last.phase !== 'resolved' : order[event.phase] > order[last.phase])
          )
        })
      }),
    )
  })

  it('gives the same events when a prefix is replayed', () => {
    fc.assert(
      fc.property(anyTerms, histories, fc.nat(), (rule, history, cut) => {
        const prefix = history.slice(0, cut % (history.length + 1))
        expect(live(rule, prefix)).toEqual(live(rule, prefix))
        expect(live(rule, history).told.slice(0, live(rule, prefix).told.length)).toEqual(live(rule, prefix).told)
      }),
    )
  })

  it('can be stored as JSON between any two steps', () => {
    fc.assert(
      fc.property(anyTerms, histories, (rule, history) => {
        let kept: Life | undefined
        let stored: Life | undefined
        for (const observation of history) {
          kept = step('f', rule, kept, observation, start)[0]
          stored = step('f', rule, stored === undefined ? undefined : (JSON.parse(JSON.stringify(stored)) as Life), observation, start)[0]
        }
        expect(stored).toEqual(kept)
      }),
    )
  })
})
