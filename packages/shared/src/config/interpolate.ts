import { amendOrigin, diagnose, originOf, type ConfigDocument } from './config-document.ts'
import { setValueAt, type ConfigPath } from './config-path.ts'
import type { Diagnostic } from './diagnostic.ts'
import { nearest } from './did-you-mean.ts'
import type { Span } from './source-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `$${` for a plain `${`; `${NAME}`; `${NAME:-default}`; or `${` that is neither. */
const placeholder = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Fills in the placeholders of every text in the document. Only top-level keys for which `isActive` says so are resolved; in the others
 * they stay as they are and are marked, so that nobody takes them for values.
 */
export function interpolate(document: ConfigDocument, env: Environment, isActive: (topLevelKey: string) => boolean): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const [key, value] of Object.entries(document.data)) {
    const visit = isActive(key)
      ? (text: string, path: ConfigPath) => resolve(document, env, text, path, diagnostics)
      : (text: string, path: ConfigPath) => mark(document, text, path)
    eachText(value, [key], visit)
  }
  return diagnostics
}

function eachText(value: unknown, path: ConfigPath, visit: (text: string, path: ConfigPath) => void): void {
  if (typeof value === 'string') visit(value, path)
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) eachText(item, [...path, index], visit)
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) eachText(item, [...path, key], visit)
}

function mark(document: ConfigDocument, text: string, path: ConfigPath): void {
  if ([...text.matchAll(placeholder)].some(([match]) => match !== '$${')) amendOrigin(document, path, { isUnresolved: true })
}

function resolve(document: ConfigDocument, env: Environment, text: string, path: ConfigPath, diagnostics: Diagnostic[]): void {
  if (!text.includes('${')) return
  let isFromOutside = false
  let isBroken = false
  const places = placesOf(document, path)
  const resolved = text.replaceAll(placeholder, (match: string, name?: string, fallback?: string) => {
    const on = places(match)
    if (match === '$${') return '${'
    if (name === undefined) {
      isBroken = true
      diagnostics.push(
        diagnose(document, {
          path,
          on,
          message: 'this is no placeholder',
          hint: 'write ${NAME} or ${NAME:-default}; for a plain ${ write $${',
        }),
      )
      return match
    }
    const value = env[name]
    if (value !== undefined && (value !== '' || fallback === undefined)) {
      isFromOutside = true
      return value
    }
    if (fallback !== undefined) return fallback
    isBroken = true
    diagnostics.push(diagnose(document, { path, on, message: `the environment variable ${name} is not set`, hint: hintFor(name, env) }))
    return match
  })
  setValueAt(document.data, path, resolved)
  const isWholePlaceholder = /^\s*\$\{[^}]*\}\s*$/.test(text)
  amendOrigin(document, path, {
    ...(isFromOutside ? { isFromOutside } : {}),
    ...(isBroken ? { isUnresolved: true } : {}),
    ...(isWholePlaceholder ? { isWholePlaceholder } : {}),
  })
}

function hintFor(name: string, env: Environment): string {
  const near = nearest(
    name,
    Object.keys(env).filter((key) => env[key] !== undefined),
  )
  return near === undefined ? `set it, or write \${${name}:-default}` : `${near} is set: did you mean that?`
}

/** Where each placeholder of a text stands, asked for in order. Escapes and line folds do not matter: it is searched for in the source. */
function placesOf(document: ConfigDocument, path: ConfigPath): (match: string) => Span | 'value' {
  const span = originOf(document, path)?.value
  let from = span?.start ?? 0
  return (match) => {
    const at = span === undefined ? -1 : document.source.text.indexOf(match, from)
    if (span === undefined || at === -1 || at >= span.end) return 'value'
    from = at + match.length
    const end = match === '${' ? endOfBroken(document.source.text, at, span.end) : from
    return { start: at, end }
  }
}

function endOfBroken(text: string, start: number, limit: number): number {
  const rest = text.slice(start, limit)
  const length = rest.search(/[}\n]/)
  return length === -1 ? limit : start + length + (rest[length] === '}' ? 1 : 0)
}
