import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyRun, newCheckHealth, removal, type CheckHealth, type RunFacts, type Transition } from '../../src/health/transition.ts'

const thresholds = { failures: 3, successes: 1 }

/** Runs by their letters: + passed, - failed, ? cannot be run here. */
function play(
  runs: string,
  limits = thresholds,
  start: CheckHealth = newCheckHealth('http'),
): { health: CheckHealth; transitions: Transition[] } {
  let health = start
  const transitions: Transition[] = []
  for (const [index, letter] of runs.split('').entries()) {
    const run: RunFacts = {
      eventId: `run-${index}`,
      ok: letter === '?' ? null : letter === '+',
      error: letter === '+' ? null : `error ${index}`,
    }
    const [next, announced] = applyRun(health, run, limits, 1000 + index)
    health = next
    transitions.push(...announced)
  }
  return { health, transitions }
}

const states = (runs: string, limits = thresholds): string[] =>
  play(runs, limits).transitions.map(({ previous, state }) => `${previous}>${state}`)

describe('a check', () => {
  test.each([
    ['+', ['null>ok']],
    ['--', []],
    ['---', ['null>failing']],
    ['+--+--+', ['null>ok']],
    ['+---', ['null>ok', 'ok>failing']],
    ['+------', ['null>ok', 'ok>failing']],
    ['+---+', ['null>ok', 'ok>failing', 'failing>ok']],
    ['+?', ['null>ok', 'ok>unknown']],
    ['??', ['null>unknown']],
    ['?+', ['null>unknown', 'unknown>ok']],
    ['?---', ['null>unknown', 'unknown>failing']],
    ['+--?--', ['null>ok', 'ok>unknown']],
  ])('that runs %s goes %j', (runs, expected) => {
    expect(states(runs)).toEqual(expected)
  })

  test('that must pass twice is ok only then', () => {
    expect(states('+-+++---+-++', { failures: 3, successes: 2 })).toEqual(['null>ok', 'ok>failing', 'failing>ok'])
  })

  test('that was known before a restart announces nothing while it stays as it was', () => {
    const { health } = play('+')
    expect(play('++', thresholds, health).transitions).toEqual([])
    const failing = play('---').health
    expect(play('----', thresholds, failing).transitions).toEqual([])
    expect(play('+', thresholds, failing).transitions).toMatchObject([{ previous: 'failing', state: 'ok' }])
  })
})

describe('a transition', () => {
  test('says how many runs led to it, which one tipped it, and why', () => {
    const [, failing, ok] = play('+---+').transitions
    expect(failing).toMatchObject({ consecutive: 3, checkEventId: 'run-3', error: 'error 3', epochMs: 1003, number: 2 })
    expect(ok).toMatchObject({ consecutive: 1, checkEventId: 'run-4', error: null, number: 3 })
  })

  test('carries one correlation from the first bad run to the recovery', () => {
    const { transitions, health } = play('+---+')
    expect(transitions.map(({ correlationId }) => correlationId)).toEqual(['run-0', 'run-1', 'run-1'])
    expect(health.correlationId).toBeNull()
  })

  test('of the next trouble carries another correlation', () => {
    expect(play('---+---').transitions.map(({ correlationId }) => correlationId)).toEqual(['run-0', 'run-0', 'run-4'])
  })

  test('to removed tells the last state and ends the trouble', () => {
    expect(removal(play('---').health, 5)).toMatchObject({
      state: 'removed',
      previous: 'failing',
      correlationId: 'run-0',
      number: 2,
      epochMs: 5,
    })
  })
})

test('whatever the runs, transitions form a chain and no state is announced twice in a row', () => {
  const runs = fc.array(fc.constantFrom('+', '-', '?'), { maxLength: 200 }).map((letters) => letters.join(''))
  const limits = fc.record({ failures: fc.integer({ min: 1, max: 5 }), successes: fc.integer({ min: 1, max: 5 }) })
  fc.assert(
    fc.property(runs, limits, (letters, thresholdsOfRun) => {
      const { health, transitions } = play(letters, thresholdsOfRun)
      let previous: string | null = null
      for (const [index, transition] of transitions.entries()) {
        expect(transition.previous).toBe(previous)
        expect(transition.state).not.toBe(previous)
        expect(transition.number).toBe(index + 1)
        previous = transition.state
      }
      expect(health.state).toBe(previous)
    }),
  )
})
