/** One step of a path: into a key or an entry, into each of them, or `$key`, the key or place of the thing itself. */
type Step = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'each' } | { readonly kind: 'own_key' }

export interface JsonPath {
  readonly steps: readonly Step[]
}

/** Things that `[*]` passes over in one document, at most. */
const maxFound = 10_000
const maxSteps = 32

/** `usage.cost`, `data[0].value`, `models[*].cost`, `keys["a.b"].used`. Throws SyntaxError in words for a person. */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = []
  const pattern = /(?:^|\.)([^.[\]"$*]+)|\[(\d{1,9})\]|\[(\*)\]|\["((?:[^"\\]|\\["\\])*)"\]|^(\$key)$/y
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null)
      throw new SyntaxError(
        `"${text.slice(at, at + 40)}" is no step of a path; write for example usage.cost, data[0].value or models[*].cost`,
      )
    const [, name, index, each, quoted, own] = match
    if (each !== undefined) steps.push({ kind: 'each' })
    else if (own !== undefined) steps.push({ kind: 'own_key' })
    else steps.push({ kind: 'key', key: name ?? index ?? (quoted ?? '').replaceAll(/\\(["\\])/g, '$1') })
    if (steps.length > maxSteps) throw new SyntaxError(`it has more than ${maxSteps} steps`)
  }
  if (steps.length === 0) throw new SyntaxError('it is empty; write for example usage.cost')
  return { steps }
}

/** Something that a path leads to, with the thing that its last `[*]` passed through: labels are looked up from there. */
export interface FoundValue {
  readonly value: unknown
  readonly element: unknown
  readonly elementKey: string
}

/** Everything that a path leads to; what it does not find is left out. */
export function findJson(document: unknown, { steps }: JsonPath): FoundValue[] {
  let found: FoundValue[] = [{ value: document, element: document, elementKey: '' }]
  for (const step of steps) found = found.flatMap((each) => follow(each, step)).slice(0, maxFound)
  return found
}

/** What a label's path leads to from the element of a found value; `$key` is the key, or the place, of that element. */
export function lookUpFrom({ element, elementKey }: FoundValue, path: JsonPath): unknown {
  if (path.steps[0]?.kind === 'own_key') return elementKey
  return findJson(element, path)[0]?.value
}

function follow(from: FoundValue, step: Step): FoundValue[] {
  const { value } = from
  if (typeof value !== 'object' || value === null) return []
  if (step.kind === 'own_key') return []
  if (step.kind === 'key') {
    if (!Object.hasOwn(value, step.key)) return []
    return [{ ...from, value: (value as Record<string, unknown>)[step.key] }]
  }
  return Object.entries(value)
    .slice(0, maxFound)
    .map(([key, element]) => ({ value: element, element, elementKey: key }))
}
