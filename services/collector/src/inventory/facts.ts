/** One fact about a host, in words. */
export interface Fact {
  readonly kind: string
  readonly name: string
  readonly value: string
  readonly sizeBytes?: number
}

/** What the child prints, as one line of JSON. Numbers: null is unreadable, absent is unsupported. */
export interface Inventory {
  readonly facts: readonly Fact[]
  readonly numbers: Readonly<Record<string, number | null>>
  /** Changes when the installed packages or the known updates may have changed. */
  readonly packageStamp: string
}

/** What is told about updates; the same for as long as the stamp is the same. */
const updateNumbers = ['updates', 'security_updates'] as const
export const updateKind = 'security_update'

/** An inventory that left the updates out because nothing changed, with those of the one before. */
export function withUpdatesOf(previous: Inventory | undefined, current: Inventory): Inventory {
  if (previous === undefined || previous.packageStamp !== current.packageStamp || 'updates' in current.numbers) return current
  const known = updateNumbers.flatMap((name) => (name in previous.numbers ? [[name, previous.numbers[name] ?? null] as const] : []))
  return {
    ...current,
    facts: [...current.facts, ...previous.facts.filter(({ kind }) => kind === updateKind)].slice(0, maxFacts),
    numbers: { ...current.numbers, ...Object.fromEntries(known) },
  }
}

/** Facts in one inventory; more are left out. */
export const maxFacts = 256
const maxTextLength = 200

/** Facts without text are left out: vendors write nothing, or that nothing was written. */
export function fact(kind: string, name: string, value: unknown, sizeBytes?: number): Fact[] {
  const text = (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '').replaceAll(/\s+/g, ' ').trim()
  if (text === '' || /^(?:to be filled by o\.e\.m\.|default string|not specified|unknown|none|-)$/i.test(text)) return []
  const isSized = sizeBytes !== undefined && Number.isFinite(sizeBytes) && sizeBytes > 0
  return [{ kind, name: name.slice(0, maxTextLength), value: text.slice(0, maxTextLength), ...(isSized ? { sizeBytes } : {}) }]
}
