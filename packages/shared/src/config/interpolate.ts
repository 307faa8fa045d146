import { amendOrigin, diagnose, originOf, type ConfigDocument } from './config-document.ts'
import { setValueAt, type ConfigPath } from './config-path.ts'
import { maxDiagnostics, type Diagnostic } from './diagnostic.ts'
import { nearest } from './did-you-mean.ts'
import type { Span } from './source-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment may add to a file. */
const maxAddedCharacters = 1_048_576

/** `$${` for a plain `${`; `${NAME}`; `${NAME:-default}`; or `${` that is neither. */
const placeholder = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Fills in the placeholders of every text in the document. Only top-level keys for which `isActive` says so are resolved; in the others
 * they stay as they are and are marked, so that nobody takes them for values.
 */
export function interpolate(document: ConfigDocument, env: Environment, isActive: (topLevelKey: string) => boolean): Diagnostic[] {
  const filling = new Filling(document, env)
  for (const [key, value] of Object.entries(document.data)) {
    const visit = isActive(key) ? filling.resolve.bind(filling) : (text: string, path: ConfigPath) => mark(document, text, path)
    eachText(value, [key], visit)
  }
  return filling.diagnostics
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

class Filling {
  readonly diagnostics: Diagnostic[] = []
  readonly #document: ConfigDocument
  readonly #env: Environment
  readonly #names: string[]
  #room = maxAddedCharacters

  constructor(document: ConfigDocument, env: Environment) {
    this.#document = document
    this.#env = env
    this.#names = Object.keys(env).filter((name) => env[name] !== undefined)
  }

  resolve(text: string, path: ConfigPath): void {
    if (!text.includes('${')) return
    let isFromOutside = false
    let isUnresolved = false
    const places = placesOf(this.#document, path)
    const resolved = text.replaceAll(placeholder, (match: string, name?: string, fallback?: string) => {
      const on = places(match)
      if (match === '$${') return '${'
      const found = name === undefined ? undefined : this.#lookUp(name, fallback)
      if (found !== undefined && (this.#room -= found.value.length) >= 0) {
        isFromOutside ||= found.isFromOutside
        return found.value
      }
      isUnresolved = true
      this.#refuse(path, on, name, found !== undefined)
      return match
    })
    setValueAt(this.#document.data, path, resolved)
    const isWholePlaceholder = /^\s*\$\{[^}]*\}\s*$/.test(text)
    amendOrigin(this.#document, path, { isFromOutside, isUnresolved, isWholePlaceholder })
  }

  /** As in a shell, `:-` also stands in for a variable that is empty. */
  #lookUp(name: string, fallback: string | undefined): { value: string; isFromOutside: boolean } | undefined {
    const value = this.#env[name]
    if (value !== undefined && (value !== '' || fallback === undefined)) return { value, isFromOutside: true }
    return fallback === undefined ? undefined : { value: fallback, isFromOutside: false }
  }

  #refuse(path: ConfigPath, on: Span | 'value', name: string | undefined, isTooLong: boolean): void {
    if (this.diagnostics.length > maxDiagnostics) return
    const say = (message: string, hint: string) => this.diagnostics.push(diagnose(this.#document, { path, on, message, hint }))
    if (isTooLong) say('the environment adds more than 1 MiB to this file', 'is it the right variable?')
    else if (name === undefined) say('this is no placeholder', 'write ${NAME} or ${NAME:-default}; for a plain ${ write $${')
    else say(`the environment variable ${name} is not set`, this.#hintFor(name))
  }

  #hintFor(name: string): string {
    const near = nearest(name, this.#names)
    return near === undefined ? `set it, or write \${${name}:-default}` : `${near} is set: did you mean that?`
  }
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
