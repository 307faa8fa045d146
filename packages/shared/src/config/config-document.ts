import { pathKey, valueAt, type ConfigPath } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import { toDiagnostic } from './finding.ts'
import { findAssignedSecret, hideLogins, hideValue, isSecretValue } from './secrets.ts'
import { createSourceText, positionOf, type SourceText, type Span } from './source-text.ts'

/** Where a value was written, and what became of it since. */
export interface Origin {
  readonly path: ConfigPath
  /** Absent for entries of a list. */
  readonly key?: Span
  readonly value: Span
  readonly isScalar: boolean
  /** The value came from the environment or from a file: it is not printed. */
  readonly isFromOutside?: boolean
  /** The whole value was one placeholder, so it may stand for a number or for true and false. */
  readonly isWholePlaceholder?: boolean
  /** A placeholder or secret file stands here that was not, or could not be, resolved: nothing is known about the value. */
  readonly isUnresolved?: boolean
  /** The path as the person wrote it, `…password_file` for a value at `…password`. */
  readonly writtenAs?: ConfigPath
}

/** A configuration file as plain data, with the place of every value. */
export interface ConfigDocument {
  readonly source: SourceText
  readonly data: Record<string, unknown>
  readonly origins: Map<string, Origin>
}

/** A document with nothing in it, for running on defaults. */
export function emptyDocument(): ConfigDocument {
  return { source: createSourceText('defaults', ''), data: {}, origins: new Map() }
}

export function originOf(document: ConfigDocument, path: ConfigPath): Origin | undefined {
  return document.origins.get(pathKey(path))
}

/** Notes what became of a value. */
export function amendOrigin(document: ConfigDocument, path: ConfigPath, change: Partial<Origin>): void {
  const origin = originOf(document, path)
  if (origin !== undefined) document.origins.set(pathKey(path), { ...origin, ...change })
}

/** Whether the value at a path must not be printed. */
export function isHidden(document: ConfigDocument, path: ConfigPath): boolean {
  return originOf(document, path)?.isFromOutside === true || isSecretValue(path, valueAt(document.data, path))
}

/** Something wrong with the value (or its key) at a path. */
export interface PathFinding {
  readonly severity?: 'error' | 'warning'
  readonly path: ConfigPath
  /** What the place in the file is: the key, the value, or a part of the value. */
  readonly on: 'key' | 'value' | Span
  readonly message: string
  readonly hint?: string | undefined
}

/** The finding with its place in the file; when the path is not in the file, the nearest thing around it that is. */
export function diagnose(document: ConfigDocument, finding: PathFinding): Diagnostic {
  const { path, on } = finding
  const exact = originOf(document, path)
  const nearest = exact ?? nearestOrigin(document, path)
  const span = typeof on === 'object' ? on : exact !== undefined && on === 'value' ? exact.value : (nearest?.key ?? nearest?.value)
  const hide = (text: string) => hideSecrets(document, path, text)
  const diagnostic = toDiagnostic(
    document.source,
    {
      ...(finding.severity === undefined ? {} : { severity: finding.severity }),
      path: exact?.writtenAs ?? path,
      message: hide(finding.message),
      ...(finding.hint === undefined ? {} : { hint: hide(finding.hint) }),
      ...(span === undefined ? {} : { span }),
    },
    (line) => secretsIn(document, line),
  )
  return diagnostic
}

function nearestOrigin(document: ConfigDocument, path: ConfigPath): Origin | undefined {
  for (let length = path.length - 1; length > 0; length--) {
    const origin = originOf(document, path.slice(0, length))
    if (origin !== undefined) return origin
  }
  return undefined
}

/** Hides the value at a path, and long ones below it: a schema's own words may repeat what they complain about. */
function hideSecrets(document: ConfigDocument, path: ConfigPath, text: string): string {
  let result = hideLogins(text)
  const open: { path: ConfigPath; value: unknown }[] = [{ path, value: valueAt(document.data, path) }]
  for (let looked = 0; open.length > 0 && looked < maxValuesLookedAt; looked++) {
    const { path: here, value } = open.pop() ?? { path, value: undefined }
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value))
        open.push({ path: [...here, Array.isArray(value) ? Number(key) : key], value: inner })
    } else if (typeof value === 'string' || typeof value === 'number') {
      const isWorthHiding = (here.length === path.length || String(value).length >= 8) && originOf(document, here)?.isUnresolved !== true
      if (isWorthHiding && isHidden(document, here)) result = hideValue(result, String(value))
    }
  }
  return result
}

/** Messages about a whole section repeat no values of it; this is for those about a few keys. */
const maxValuesLookedAt = 10_000

/** The parts of a line that hold secrets, in order. */
function secretsIn(document: ConfigDocument, line: Span): Span[] {
  const spans = scalarsIn(document, line).flatMap(({ path, value }) => {
    const written = document.source.text.slice(value.start, value.end)
    // The name of a variable is no secret, and what one wants to see.
    if (/^["']?\$\{\w+\}["']?$/.test(written)) return []
    if (isSecretValue(path, written)) return [value]
    const start = findAssignedSecret(written)
    return start === undefined ? [] : [{ start: value.start + start, end: value.end }]
  })
  return spans.toSorted((a, b) => a.start - b.start)
}

const scalarsOf = new WeakMap<ConfigDocument, Map<number, Origin[]>>()

/** The texts and numbers that stand, at least in part, in a line. */
function scalarsIn(document: ConfigDocument, line: Span): readonly Origin[] {
  let byLine = scalarsOf.get(document)
  if (byLine === undefined) {
    byLine = new Map()
    for (const origin of document.origins.values()) {
      if (!origin.isScalar || origin.writtenAs !== undefined) continue
      const last = positionOf(document.source, origin.value.end).line
      for (let number = positionOf(document.source, origin.value.start).line; number <= last; number++) {
        const others = byLine.get(number)
        if (others === undefined) byLine.set(number, [origin])
        else others.push(origin)
      }
    }
    scalarsOf.set(document, byLine)
  }
  return byLine.get(positionOf(document.source, line.start).line) ?? []
}
