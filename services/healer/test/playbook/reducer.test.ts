import { describe, expect, test } from 'vitest'
import type { ActionResult } from '../../src/actions/action.ts'
import type { RunEffect } from '../../src/playbook/edges.ts'
import { begin, step, unreachableLimitMs, type RunInput } from '../../src/playbook/reducer.ts'
import type { Run, RunPhase } from '../../src/playbook/run.ts'
import { playbookFixture, runFixture, startMs } from './run-fixture.ts'

const { policy } = playbookFixture('web')
const go: RunInput = { kind: 'gate', verdict: { kind: 'go', recurring: false, heals: 1 } }
const failing: RunInput = { kind: 'prechecked', answer: { kind: 'failing', reason: 'connection refused' } }
const healthy = { kind: 'healthy', reason: 'passed 3 times in a row' } as const
const unknown = { kind: 'unknown', reason: 'the collector does not answer' } as const
const diagnosed: RunInput = { kind: 'diagnosed', file: '/d/run.txt', reason: null }
const locked: RunInput = { kind: 'locked', token: 7 }
const done: ActionResult = {
  kind: 'done',
  failed: false,
  summary: 'the command ended with exit code 0',
  output: 'restarted',
  exitCode: 0,
  durationSeconds: 0.2,
}
const acted: RunInput = { kind: 'acted', result: done }
const notHelped: RunInput = { kind: 'verified', answer: { kind: 'failing', reason: 'still refused' } }

interface Story {
  run: Run
  /** Effects of the last input. */
  effects: RunEffect[]
  /** Everything that was told, in order. */
  told: string[]
}

function tell(inputs: RunInput[], first: Run = runFixture(), now = startMs, chosen = policy): Story {
  const story: Story = { run: first, effects: [], told: [] }
  for (const input of inputs) {
    const [run, effects] = step(story.run, input, chosen, now)
    story.run = run
    story.effects = effects
    for (const effect of effects) if (effect.kind === 'publish') story.told.push(effect.edge.phase)
  }
  return story
}

function kinds(effects: RunEffect[]): string[] {
  return effects.map((effect) => effect.kind)
}

test('a heal that helps is told step by step, and every edge has its own number', () => {
  const inputs: RunInput[] = [
    go,
    failing,
    diagnosed,
    locked,
    go,
    acted,
    { kind: 'health', state: 'ok' },
    { kind: 'verified', answer: healthy },
  ]
  const story = tell(inputs)
  expect(story.told).toEqual(['diagnosing', 'acting', 'verifying', 'recovered'])
  expect(story.run).toMatchObject({ phase: 'recovered', attempt: 1, edges: 4 })
})

test('the verifying step carries what the action printed and how it ended', () => {
  const { effects } = tell([go, failing, diagnosed, locked, go, acted])
  expect(effects[1]).toMatchObject({
    kind: 'publish',
    edge: { phase: 'verifying', output: 'restarted', exitCode: 0, durationSeconds: 0.2 },
  })
})

test('after the last attempt a person is called, with what was tried', () => {
  const attempt = [go, failing, diagnosed, locked, go, acted, notHelped]
  const story = tell([...attempt, { kind: 'due' }, ...attempt, { kind: 'due' }, ...attempt])
  const once = ['diagnosing', 'acting', 'verifying', 'failed']
  expect(story.told).toEqual([...once, ...once, ...once, 'escalated'])
  expect(story.run).toMatchObject({
    phase: 'escalated',
    attempt: 3,
    reason: '3 of 3 attempts did not help: still refused; last action: the command ended with exit code 0',
  })
})

test('the wait before the second attempt is its backoff, lengthened by at most a fifth', () => {
  const { run, effects } = tell([go, failing, diagnosed, locked, go, acted, notHelped])
  expect(run.phase).toBe('failed')
  expect(run.dueMs).toBeGreaterThanOrEqual(startMs + 30_000)
  expect(run.dueMs).toBeLessThanOrEqual(startMs + 36_000)
  expect(kinds(effects)).toContain('unlock')
})

test('exit code 0 is no recovery, and another exit code no failure: the check decides', () => {
  const failed: RunInput = { kind: 'acted', result: { ...done, failed: true, exitCode: 1 } }
  expect(tell([go, failing, diagnosed, locked, go, failed, { kind: 'verified', answer: healthy }]).told.at(-1)).toBe('recovered')
  expect(tell([go, failing, diagnosed, locked, go, acted, notHelped]).told.at(-1)).toBe('failed')
})

test('a command that can never start calls a person at once', () => {
  const impossible: RunInput = {
    kind: 'acted',
    result: { ...done, kind: 'impossible', failed: true, summary: 'there is no program webctl' },
  }
  const story = tell([go, failing, diagnosed, locked, go, impossible])
  expect(story.told).toEqual(['diagnosing', 'acting', 'failed', 'escalated'])
  expect(story.run.reason).toBe('there is no program webctl')
})

test('a dry run looks and takes diagnostics, says what it would do, and neither locks nor acts', () => {
  const story = tell([go, failing, diagnosed], runFixture(), startMs, { ...policy, mode: 'dry_run' })
  expect(story.told).toEqual(['diagnosing', 'held'])
  expect(story.run).toMatchObject({ phase: 'dropped', attempt: 0, reason: expect.stringContaining('set its mode to auto') as string })
  expect(kinds(story.effects)).not.toContain('lock')
})

test('missing diagnostics are said and do not stand in the way', () => {
  const { effects } = tell([go, failing, { kind: 'diagnosed', file: null, reason: 'no space left' }])
  expect(effects).toContainEqual({ kind: 'audit', action: 'heal.diagnose', outcome: 'failed', reason: 'no space left' })
  expect(kinds(effects)).toContain('lock')
})

test('a heal that keeps coming back says so when it acts', () => {
  const recurring: RunInput = { kind: 'gate', verdict: { kind: 'go', recurring: true, heals: 4 } }
  const { run, effects } = tell([go, failing, diagnosed, locked, recurring])
  expect(run.reason).toBe('attempt 1 of 3; recurring: heal 4 of web within a day')
  expect(effects).toContainEqual(expect.objectContaining({ kind: 'audit', action: 'heal.recurring' }))
})

describe('what recovered by itself', () => {
  test.each<[string, RunInput[], RunPhase]>([
    ['before it was looked at', [], 'recovered'],
    ['while it was looked at', [go], 'recovered'],
    ['while diagnostics were taken', [go, failing], 'recovered'],
    ['while it was held', [{ kind: 'gate', verdict: { kind: 'hold', cause: 'control', reason: 'x', untilMs: startMs } }], 'recovered'],
    ['during the backoff', [go, failing, diagnosed, locked, go, acted, notHelped], 'recovered'],
  ])('%s ends the run without another action', (_, before, phase) => {
    const story = tell([...before, { kind: 'health', state: 'ok' }])
    expect(story.run.phase).toBe(phase)
    expect(story.told.at(-1)).toBe('recovered')
    expect(story.run.reason).toContain('by itself')
  })

  test('an old trigger that a later ok overtakes ends without a word', () => {
    const story = tell([{ kind: 'health', state: 'ok' }], runFixture({ stale: true }))
    expect(story).toMatchObject({ run: { phase: 'recovered' }, told: [] })
  })

  test('is not believed of an event alone while the command runs: the verification decides', () => {
    const story = tell([go, failing, diagnosed, locked, go, { kind: 'health', state: 'ok' }])
    expect(story.run.phase).toBe('acting')
  })
})

describe('after a recovery that the collector has not confirmed', () => {
  const recovered = tell([go, failing, diagnosed, locked, go, acted, { kind: 'verified', answer: healthy }]).run

  test('the run looks on', () => {
    expect(recovered).toMatchObject({ phase: 'settling', health: 'failing' })
  })
  test('ok ends it', () => {
    expect(tell([{ kind: 'health', state: 'ok' }], recovered)).toMatchObject({ run: { phase: 'recovered' }, told: [] })
  })
  test('a relapse is a failed attempt', () => {
    const story = tell([{ kind: 'due' }, failing], recovered, startMs + 10_000)
    expect(story.told).toEqual(['failed'])
    expect(story.run).toMatchObject({ phase: 'failed', attempt: 1 })
  })
  test('ten good minutes end it', () => {
    expect(tell([{ kind: 'due' }, { kind: 'prechecked', answer: healthy }], recovered, startMs + 600_000).run.phase).toBe('recovered')
  })
})

describe('what cannot be known', () => {
  test('nothing is done while the collector does not answer', () => {
    const story = tell([go, { kind: 'prechecked', answer: unknown }])
    expect(story).toMatchObject({ told: ['held'], run: { phase: 'held', attempt: 0, reason: unknown.reason } })
  })
  test('the same reason is told once, however often it is looked at', () => {
    const round: RunInput[] = [go, { kind: 'prechecked', answer: unknown }, { kind: 'due' }]
    expect(tell([...round, ...round, ...round]).told).toEqual(['held'])
  })
  test('a person is called when it stays so', () => {
    const held = tell([go, { kind: 'prechecked', answer: unknown }]).run
    const story = tell([{ kind: 'due' }, go, { kind: 'prechecked', answer: unknown }], held, startMs + unreachableLimitMs)
    expect(story.run.phase).toBe('escalated')
  })
  test('an action whose effect cannot be verified is not repeated on a guess', () => {
    const unverified = tell([go, failing, diagnosed, locked, go, acted, { kind: 'verified', answer: unknown }])
    expect(unverified.run).toMatchObject({ phase: 'held', unverified: true, reason: expect.stringContaining('cannot verify') as string })
    const later = tell([{ kind: 'due' }, go, failing], unverified.run)
    expect(later.told).toEqual(['failed'])
    expect(later.run).toMatchObject({ phase: 'failed', attempt: 1, unverified: false })
  })
  test('a lease that cannot be had holds', () => {
    expect(tell([go, failing, diagnosed, { kind: 'not_locked', reason: 'away' }]).run).toMatchObject({
      phase: 'held',
      held: { cause: 'unreachable' },
    })
  })
})

describe('rails', () => {
  test('a stop is only carried out after a look, so that nobody is called for what has recovered', () => {
    const stop: RunInput = { kind: 'gate', verdict: { kind: 'stop', reason: '3 attempts are the limit' } }
    expect(tell([stop]).run.phase).toBe('precheck')
    expect(tell([stop, failing, diagnosed, locked, stop])).toMatchObject({ told: ['diagnosing', 'escalated'], run: { attempt: 0 } })
  })
  test('a hold right before the action gives the lease back and acts on nothing', () => {
    const hold: RunInput = {
      kind: 'gate',
      verdict: { kind: 'hold', cause: 'control', reason: 'the kill switch is on', untilMs: startMs + 5000 },
    }
    const story = tell([go, failing, diagnosed, locked, hold])
    expect(story.run).toMatchObject({ phase: 'held', attempt: 0 })
    expect(kinds(story.effects)).toEqual(['publish', 'audit', 'unlock', 'wait'])
  })
  test('a hold has an end', () => {
    const hold: RunInput = { kind: 'gate', verdict: { kind: 'hold', cause: 'control', reason: 'maintenance', untilMs: startMs } }
    expect(tell([hold], runFixture(), startMs + policy.maxHoldMs).run).toMatchObject({
      phase: 'escalated',
      reason: 'held for too long: maintenance',
    })
  })
})

describe('after a restart of the healer', () => {
  test('an interrupted action is not run again, only looked at', () => {
    const story = tell([{ kind: 'resumed' }], runFixture({ phase: 'acting', attempt: 1, edges: 2 }))
    expect(story.told).toEqual(['verifying'])
    expect(kinds(story.effects)).toEqual(['audit', 'publish', 'verify'])
    expect(story.run.reason).toContain('interrupted')
  })
  test.each<[RunPhase, string[]]>([
    ['verifying', ['verify']],
    ['precheck', ['gate']],
    ['diagnosing', ['gate']],
    ['locking', ['gate']],
    ['settling', ['precheck']],
  ])('what was %s goes on with %j', (phase, effects) => {
    expect(kinds(tell([{ kind: 'resumed' }], runFixture({ phase, attempt: 1 })).effects)).toEqual(effects)
  })
  test('a wait goes on waiting', () => {
    expect(kinds(tell([{ kind: 'resumed' }], runFixture({ phase: 'failed', attempt: 1, dueMs: startMs + 9000 })).effects)).toEqual(['wait'])
  })
})

describe('a check or playbook that goes away', () => {
  const gone: RunInput = { kind: 'withdrawn', reason: 'the check web was removed' }
  test('ends the run', () => {
    expect(tell([go, gone])).toMatchObject({ run: { phase: 'dropped' }, told: ['held'] })
  })
  test('lets a running command end first', () => {
    const story = tell([go, failing, diagnosed, locked, go, gone])
    expect(story.run.phase).toBe('acting')
    expect(tell([acted], story.run).run.phase).toBe('dropped')
  })
})

test('an answer that comes too late changes nothing', () => {
  const acting = runFixture({ phase: 'acting', attempt: 1 })
  for (const late of [{ kind: 'due' }, go, failing, diagnosed, notHelped] satisfies RunInput[])
    expect(step(acting, late, policy, startMs)).toEqual([acting, []])
  const ended = runFixture({ phase: 'escalated' })
  for (const late of [acted, go, failing, { kind: 'resumed' }] satisfies RunInput[])
    expect(step(ended, late, policy, startMs)).toEqual([ended, []])
})

test('the first wait of the backoff comes before the first attempt', () => {
  expect(kinds(begin(runFixture(), policy, 0, startMs)[1])).toEqual(['gate'])
  const [run, effects] = begin(runFixture(), { ...policy, backoffMs: [5000] }, 0, startMs)
  expect(kinds(effects)).toEqual(['wait'])
  expect(run.dueMs).toBeGreaterThanOrEqual(startMs + 5000)
})
