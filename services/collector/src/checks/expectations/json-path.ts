/** A step into an object or an array. */
type Step = string | number

/** `$.data.items[0].name`, `checks["disk full"].ok`, `[-1]` for the last; undefined when it is no path. No wildcards, no filters. */
export function parseJsonPath(path: string): Step[] | undefined {
  const steps: Step[] = []
  let rest = path.startsWith('$') ? path.slice(1) : path
  let isFirst = !path.startsWith('$')
  while (rest !== '') {
    const match = /^(?:(\.?)([\p{L}\p{N}_$-]+)|\[(-?\d{1,9})\]|\["([^"]+)"\]|\['([^']+)'\])/u.exec(rest)
    if (match === null) return undefined
    const [whole, dot, key, index, double, single] = match
    if (key !== undefined && (dot === '') !== isFirst) return undefined
    steps.push(index === undefined ? (key ?? double ?? single ?? '') : Number(index))
    rest = rest.slice(whole.length)
    isFirst = false
  }
  return steps
}

/** What stands at the path, or undefined. */
export function valueAtPath(document: unknown, steps: readonly Step[]): unknown {
  let value = document
  for (const step of steps) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value.at(step) : undefined
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) value = (value as Record<string, unknown>)[step]
    else return undefined
  }
  return value
}
