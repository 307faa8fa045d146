/** Why a pattern is refused, and where. */
export interface PatternRisk {
  readonly reason: string
  /** Index of the character in the pattern. */
  readonly at: number
}

/** Characters 0 to 255 and one that stands for all others. */
type CharacterSet = readonly boolean[]
interface Step {
  readonly at: number
  readonly set: CharacterSet
  /** In how many ways it can match: the span of its repeat. */
  readonly ways: number
  readonly isOptional: boolean
}

const beyondLatin1 = '\u{ac00}'
const alphabet = [...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)), beyondLatin1]
/** Of a repeat without an end: a pattern sees so much of a line. */
const unboundedWays = 4096
/** Of repeats that compete for the same text: two without an end cost the square of the length of the line, three its cube. */
const maxCompetingWays = 2 ** 27
/** Of a repeat of something that varies itself, such as `(?:\.\d{1,3}){3}`. */
const maxNestedWays = 10_000

/**
 * Whether a pattern could take exponential or cubic time on a line somebody else wrote. Refuses a repeat in a repeat, alternatives in a
 * repeat, back references, and three repeats in a row that can match the same characters with nothing in between that tells them apart.
 */
export function findPatternRisk(source: string): PatternRisk | undefined {
  const steps: Step[] = []
  const groups: { at: number; firstStep: number; alternatives: number }[] = []
  let at = 0
  while (at < source.length) {
    const start = at
    const character = source[at] as string
    if (character === '(') {
      groups.push({ at, firstStep: steps.length, alternatives: 1 })
      at += /^\((?:\?(?:[:=!]|<[=!]|<[^>]{1,64}>))?/.exec(source.slice(at, at + 80))?.[0].length ?? 1
      continue
    }
    if (character === '|') {
      const group = groups.at(-1)
      if (group !== undefined) group.alternatives++
      at++
      continue
    }
    if (character === '^' || character === '$') {
      at++
      continue
    }
    if (character === ')') {
      at++
      const group = groups.pop()
      const quantifier = readQuantifier(source, at)
      at += quantifier.length
      if (group === undefined) continue
      const inner = steps.slice(group.firstStep).reduce((ways, step) => ways * step.ways, 1)
      if (quantifier.max > 1 && group.alternatives > 1 && quantifier.ways >= unboundedWays)
        return { reason: 'alternatives within a repeat', at: group.at }
      if (quantifier.max > 1 && inner > 1 && inner ** quantifier.max > maxNestedWays)
        return { reason: 'a repeat within a repeat', at: group.at }
      const first = steps[group.firstStep]
      if (first === undefined) continue
      const isOptional = quantifier.isOptional || group.alternatives > 1
      for (let index = group.firstStep; index < steps.length && isOptional; index++)
        steps[index] = { ...(steps[index] as Step), isOptional }
      const repeated = inner > 1 && quantifier.max > 1 ? inner ** (quantifier.max - 1) : 1
      const ways = first.ways * repeated * quantifier.ways * group.alternatives ** Math.min(quantifier.max, 64)
      steps[group.firstStep] = { ...first, ways, isOptional: isOptional || first.isOptional }
      continue
    }
    const atom = readAtom(source, at)
    at += atom.length
    if (/^\\(?:[1-9]|k)/.test(atom)) return { reason: 'a back reference', at: start }
    if (/^\\[bB]$/.test(atom)) continue
    const quantifier = readQuantifier(source, at)
    at += quantifier.length
    steps.push({ at: start, set: characterSet(atom), ways: quantifier.ways, isOptional: quantifier.isOptional })
  }
  return findCompetition(steps)
}

/** Steps one after the other that can take over each other's characters, because nothing that must stand between them tells them apart. */
function findCompetition(steps: readonly Step[]): PatternRisk | undefined {
  // What nothing follows takes the rest of the line and never has to give back.
  const last = steps.at(-1)
  const isRest = last !== undefined && last.ways >= unboundedWays && last.set.filter((isIn) => !isIn).length <= 4
  const considered = isRest ? steps.slice(0, -1) : steps
  for (const [first, step] of considered.entries()) {
    if (step.ways === 1) continue
    let ways = step.ways
    for (const next of considered.slice(first + 1)) {
      const isShared = intersects(step.set, next.set)
      if (!isShared && !next.isOptional) break
      if (isShared) ways *= next.ways
      if (ways > maxCompetingWays) return { reason: 'too many repeats that can match the same text', at: next.at }
    }
  }
  return undefined
}

function readAtom(source: string, at: number): string {
  if (source[at] === '\\') {
    return (
      /^\\(?:u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[pP]\{[^}]{1,64}\}|k<[^>]{0,64}>|c[A-Za-z]|[^])?/.exec(
        source.slice(at, at + 80),
      )?.[0] ?? '\\'
    )
  }
  if (source[at] !== '[') return String.fromCodePoint(source.codePointAt(at) ?? 0)
  let end = at + 1
  while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1
  return source.slice(at, end + 1)
}

function readQuantifier(source: string, at: number): { length: number; max: number; ways: number; isOptional: boolean } {
  const match = /^(?:([*+?])|\{(\d{1,9})(?:(,)(\d{0,9}))?\})\??/.exec(source.slice(at, at + 32))
  if (match === null) return { length: 0, max: 1, ways: 1, isOptional: false }
  const [whole, sign, least, comma, most] = match
  const max = sign === '?' ? 1 : sign !== undefined ? Infinity : comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)
  const min = sign === '+' ? 1 : sign === undefined ? Number(least) : 0
  return { length: whole.length, max, ways: Math.min(unboundedWays, max - min + 1), isOptional: min === 0 }
}

function characterSet(atom: string): CharacterSet {
  const one = new RegExp(`^${atom}$`)
  return alphabet.map((character) => one.test(character))
}

function intersects(one: CharacterSet, other: CharacterSet): boolean {
  return one.some((isIn, index) => isIn && other[index] === true)
}
