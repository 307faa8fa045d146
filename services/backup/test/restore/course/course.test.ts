import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  advance,
  backSteps,
  beginCourse,
  forwardSteps,
  resume,
  stepOf,
  type Course,
  type Mode,
  type Step,
} from '../../../src/restore/course/course.ts'

const modes = fc.constantFrom<Mode>('beside', 'in_place', 'rows')

/** What the world looks like, by what the steps do to it. */
interface World {
  readonly live: string[]
  readonly isStopped: boolean[]
  readonly beside: boolean[]
}

function take(world: World, { kind, member }: Step): void {
  if (kind === 'stage') world.beside[member] = true
  if (kind === 'stop') world.isStopped[member] = true
  if (kind === 'start') world.isStopped[member] = false
  if (kind === 'swap') world.live[member] = 'new'
  if (kind === 'revert') world.live[member] = 'old'
  if (kind === 'discard') world.beside[member] = false
}

function run(course: Course, world: World, fails: (step: Step, course: Course) => boolean, stopAfter = Infinity): Course {
  let taken = 0
  for (let step = stepOf(course); step !== undefined && taken < stopAfter; step = stepOf(course), taken++) {
    const isFailing = fails(step, course)
    take(world, step)
    course = advance(course, isFailing ? { ok: false, error: 'it broke' } : { ok: true })
  }
  return course
}

test('whatever step fails, all is as it was: old data, everybody started, nothing beside', () => {
  fc.assert(
    fc.property(modes, fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.nat(), (mode, members, withSafety, nth) => {
      const world: World = { live: Array(members).fill('old') as string[], isStopped: Array(members).fill(false) as boolean[], beside: [] }
      const begun = beginCourse(mode, members, withSafety)
      const failing = nth % forwardSteps(begun).length
      const end = run(begun, world, (_, course) => course.phase === 'forward' && course.at === failing)
      expect(end.phase).toBe('undone')
      expect(end.failure).toBe('it broke')
      expect(world.live.every((data) => data === 'old')).toBe(true)
      expect(world.isStopped.some(Boolean)).toBe(false)
      expect(world.beside.some(Boolean)).toBe(false)
    }),
  )
})

test('cut off at any step, before or after its effect, it ends whole: all members new, or all old', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(), fc.boolean(), fc.boolean(), (members, nth, isDone, alsoFails) => {
      const world: World = { live: Array(members).fill('old') as string[], isStopped: Array(members).fill(false) as boolean[], beside: [] }
      const begun = beginCourse('in_place', members, true)
      const cut = run(begun, world, (step) => alsoFails && step.kind === 'check', nth % (forwardSteps(begun).length + 3))
      const step = stepOf(cut)
      if (isDone && step !== undefined) take(world, step)
      const end = run(resume(cut), world, () => false)
      expect(['done', 'undone']).toContain(end.phase)
      expect(new Set(world.live).size).toBe(1)
      expect(world.live[0]).toBe(end.phase === 'done' ? 'new' : 'old')
      expect(world.isStopped.some(Boolean)).toBe(false)
    }),
  )
})

test('data that cannot be put back: nobody is started on it, nothing is thrown away, and it is tried again', () => {
  const world: World = { live: ['old', 'old'], isStopped: [false, false], beside: [] }
  const begun = beginCourse('in_place', 2, false)
  const stuck = run(begun, world, (step) => step.kind === 'check' || (step.kind === 'revert' && step.member === 1))
  expect(stuck.phase).toBe('stuck')
  expect(stuck.problems).toEqual(['revert: it broke'])
  expect(world.beside).toEqual([true, true])
  expect(run(resume(stuck), world, () => false)).toMatchObject({ phase: 'undone', problems: [] })
})

test('all members are ready before anything that is live is touched, and go back the other way round', () => {
  const names = (steps: Step[]): string[] => steps.map(({ kind, member }) => `${kind} ${member}`)
  const course = beginCourse('in_place', 2, true)
  expect(names(forwardSteps(course))).toEqual(
    ['stage', 'safety', 'stop', 'swap', 'start', 'check'].flatMap((kind) => [`${kind} 0`, `${kind} 1`]),
  )
  expect(names(backSteps({ ...course, reached: 7 }))).toEqual(['revert 1', 'revert 0', 'start 0', 'start 1', 'discard 0', 'discard 1'])
})
