/** What a restore does, one after the other. Each is written down before it begins. */
export type StepKind = 'stage' | 'safety' | 'stop' | 'swap' | 'place' | 'copy' | 'start' | 'check' | 'revert' | 'discard'

export interface Step {
  readonly kind: StepKind
  /** Of which member of the set; 0 where there is only one. */
  readonly member: number
}

/** beside: next to what is live, or into a folder. in_place: takes its place. rows: into the live tables. */
export type Mode = 'beside' | 'in_place' | 'rows'

/** Where a restore stands. Replaced as a whole at each step, and stored. */
export interface Course {
  readonly mode: Mode
  readonly members: number
  readonly withSafety: boolean
  /** stuck: taking it back failed; it is tried again at the next start. */
  readonly phase: 'forward' | 'back' | 'done' | 'undone' | 'stuck'
  /** The step at hand, in the list of the phase. */
  readonly at: number
  /** The last step of the way forward that was begun. */
  readonly reached: number
  readonly failure: string | null
  /** What went wrong on the way back. */
  readonly problems: readonly string[]
}

type StepOutcome = { readonly ok: true } | { readonly ok: false; readonly error: string }

export function beginCourse(mode: Mode, members: number, withSafety: boolean): Course {
  return { mode, members, withSafety, phase: 'forward', at: 0, reached: 0, failure: null, problems: [] }
}

/** The step at hand; undefined when there is nothing more to do. */
export function stepOf(course: Course): Step | undefined {
  if (course.phase === 'forward') return forwardSteps(course)[course.at]
  if (course.phase === 'back') return backSteps(course)[course.at]
  return undefined
}

/** All members are ready before anything that is live is touched. */
export function forwardSteps({ mode, members, withSafety }: Pick<Course, 'mode' | 'members' | 'withSafety'>): Step[] {
  const each = (kind: StepKind): Step[] => Array.from({ length: members }, (_, member) => ({ kind, member }))
  if (mode === 'beside') return [...each('stage'), ...each('place')]
  const change: StepKind = mode === 'rows' ? 'copy' : 'swap'
  return [
    ...each('stage'),
    ...(withSafety ? each('safety') : []),
    ...each('stop'),
    ...each(change),
    ...each('start'),
    ...each('check'),
    ...(mode === 'rows' ? each('discard') : []),
  ]
}

/** Back from the step that was begun last: who was started with the new data is stopped, the old data put back, and who was stopped started. */
export function backSteps(course: Pick<Course, 'mode' | 'members' | 'withSafety' | 'reached'>): Step[] {
  const begun = forwardSteps(course).slice(0, course.reached + 1)
  const of = (kind: StepKind): Step[] => begun.filter((step) => step.kind === kind)
  const as = (kind: StepKind, steps: readonly Step[]): Step[] => steps.map(({ member }) => ({ kind, member }))
  return [
    ...as('stop', of('start')),
    ...as('revert', [...of('swap'), ...of('place')].toReversed()),
    ...as('start', of('stop')),
    ...as('discard', of('stage')),
  ]
}

/** What follows from how the step at hand went. */
export function advance(course: Course, outcome: StepOutcome): Course {
  const step = stepOf(course)
  if (step === undefined) return course
  if (course.phase === 'forward') {
    if (!outcome.ok) return goBack(course, outcome.error)
    const at = course.at + 1
    return at === forwardSteps(course).length ? { ...course, phase: 'done', at } : { ...course, at, reached: at }
  }
  const steps = backSteps(course)
  const problems = outcome.ok ? course.problems : [...course.problems, `${step.kind}: ${outcome.error}`]
  const isStuck = !outcome.ok && step.kind === 'revert'
  const rest = steps.slice(course.at + 1)
  const next = { ...course, problems, at: course.at + 1 }
  // With data that is not back nobody is started, and nothing is thrown away.
  if (isStuck || (course.problems.some((problem) => problem.startsWith('revert: ')) && rest.every(({ kind }) => kind !== 'revert')))
    return rest.some(({ kind }) => kind === 'revert') ? next : { ...next, phase: 'stuck' }
  return rest.length === 0 ? { ...next, phase: 'undone' } : next
}

/** What to do with a restore whose process ended: what is in place is finished, all else is taken back. */
export function resume(course: Course): Course {
  if (course.phase === 'forward') {
    const steps = forwardSteps(course)
    const lastChange = steps.findLastIndex(({ kind }) => kind === 'swap')
    const firstCopy = steps.findIndex(({ kind }) => kind === 'copy')
    const isChanged = course.mode === 'rows' ? course.at >= firstCopy : course.mode === 'in_place' && course.at > lastChange
    return isChanged ? course : goBack(course, 'the process ended in the middle of it')
  }
  return course.phase === 'stuck' ? { ...course, phase: 'back', at: 0, problems: [] } : course
}

function goBack(course: Course, failure: string): Course {
  const back = { ...course, phase: 'back', reached: course.at, at: 0, failure } as const
  return backSteps(back).length === 0 ? { ...back, phase: 'undone' } : back
}
