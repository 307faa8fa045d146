const maxDepth = 8
const maxEntries = 64
const maxStringLength = 8192
const maxStackLength = 4096

/**
 * A bounded copy of anything, fit for JSON: errors become objects with code, cause and stack, cycles and what lies too deep a word.
 * Never throws, whatever getters or proxies do.
 */
export function plainValue(value: unknown): unknown {
  return copy(value, 0, new Set())
}

function copy(value: unknown, depth: number, parents: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return shorten(value, maxStringLength)
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
    case 'symbol':
      return String(value)
    case 'function':
      return undefined
    case 'object':
      return value === null ? null : copyObject(value, depth, parents)
    default:
      return value
  }
}

function copyObject(value: object, depth: number, parents: Set<object>): unknown {
  if (parents.has(value)) return '[circular]'
  if (depth >= maxDepth) return '[too deep]'
  parents.add(value)
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof URL) return value.href
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (value instanceof Error) return copyError(value, depth, parents)
    if (value instanceof Map)
      return copyEntries(
        [...bounded(value)].map(([key, item]) => [String(key), item]),
        depth,
        parents,
      )
    if (Array.isArray(value) || value instanceof Set) return copyList(value, depth, parents)
    return copyEntries(Object.entries(value), depth, parents)
  } catch {
    return '[unreadable]'
  } finally {
    parents.delete(value)
  }
}

function copyError(error: Error, depth: number, parents: Set<object>): Record<string, unknown> {
  const own = copyEntries(Object.entries(error), depth, parents)
  const cause = error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, parents) }
  const inner = error instanceof AggregateError ? { errors: copyList(error.errors, depth + 1, parents) } : {}
  return {
    type: error.name,
    message: shorten(String(error.message), maxStringLength),
    ...own,
    ...inner,
    ...cause,
    stack: shorten(String(error.stack ?? ''), maxStackLength),
  }
}

function copyList(list: Iterable<unknown>, depth: number, parents: Set<object>): unknown[] {
  return Array.from(bounded(list), (item) => copy(item, depth + 1, parents) ?? null)
}

function copyEntries(entries: [string, unknown][], depth: number, parents: Set<object>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, item] of entries.slice(0, maxEntries)) result[shorten(key, 256)] = copy(item, depth + 1, parents)
  if (entries.length > maxEntries) result['…'] = `${entries.length - maxEntries} more`
  return result
}

function* bounded<T>(list: Iterable<T>): Generator<T> {
  let count = 0
  for (const item of list) {
    if (count++ >= maxEntries) return
    yield item
  }
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`
}
