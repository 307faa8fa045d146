import { ConfigError } from '@nightshift/shared/errors'

interface Rule {
  readonly segments: readonly (RegExp | 'any')[]
  readonly isNegated: boolean
  readonly isForFolders: boolean
}

const maxPatternLength = 1024

/**
 * Patterns as in .gitignore, relative to one folder: without a slash they fit a name at any depth, with one the path from the folder on;
 * `**` spans folders, a slash at the end means folders only, `!` takes back what an earlier one said; the last that fits decides. What lies
 * in a folder that is left out cannot be taken back. A pattern that begins with the folder's own path is understood too.
 */
export class Excludes {
  readonly #rules: readonly Rule[]

  constructor(patterns: readonly string[], folder: string) {
    this.#rules = patterns.map((pattern) => parseRule(pattern, folder)).filter((rule) => rule !== undefined)
  }

  /** `segments` are the names from the folder down to the thing. */
  has(segments: readonly string[], isFolder: boolean): boolean {
    for (let index = this.#rules.length - 1; index >= 0; index--) {
      const rule = this.#rules[index]
      if (rule === undefined || (rule.isForFolders && !isFolder)) continue
      if (fits(rule.segments, 0, segments, 0)) return !rule.isNegated
    }
    return false
  }
}

function parseRule(pattern: string, folder: string): Rule | undefined {
  if (pattern.length > maxPatternLength) throw new ConfigError('bad_exclude', `an exclude is longer than ${maxPatternLength} characters`)
  const isNegated = pattern.startsWith('!')
  let text = isNegated ? pattern.slice(1) : pattern
  const isForFolders = text.endsWith('/')
  text = text.replace(/\/+$/, '')
  if (text === '') return undefined
  const prefix = folder.endsWith('/') ? folder : `${folder}/`
  if (text.startsWith(prefix)) text = text.slice(prefix.length - 1)
  const parts = text.replace(/^\//, '').split('/')
  const isAnchored = text.includes('/')
  const segments = parts.map((part) => (part === '**' ? 'any' : compileName(part, pattern)))
  return { segments: isAnchored ? segments : ['any', ...segments], isNegated, isForFolders }
}

/** One name: `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before what is meant as it is. */
function compileName(glob: string, pattern: string): RegExp {
  const source = glob.replaceAll(/\\(.)|\[(!|\^)?((?:\\.|[^\]\\])+)\]|(\*+)|(\?)|([^\\[*?]+|[\\[])/gsu, (...match: unknown[]) => {
    const [, escaped, negation, set, stars, one, plain] = match as (string | undefined)[]
    if (escaped !== undefined) return RegExp.escape(escaped)
    if (set !== undefined) return `[${negation === undefined ? '' : '^'}${set.replaceAll(/\\(.)|[[^]/gsu, escapeInSet)}]`
    if (stars !== undefined) return '.*'
    return one === undefined ? RegExp.escape(plain ?? '') : '.'
  })
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch (error) {
    throw new ConfigError('bad_exclude', `"${pattern}" is no pattern for excludes; write it as in .gitignore`, { cause: error })
  }
}

function escapeInSet(match: string, escaped?: string): string {
  return `\\u{${(escaped ?? match).codePointAt(0)?.toString(16)}}`
}

function fits(rule: Rule['segments'], ruleAt: number, names: readonly string[], nameAt: number): boolean {
  const segment = rule[ruleAt]
  if (segment === undefined) return nameAt === names.length
  if (segment === 'any') {
    // At the end `**` means everything inside, not the folder itself.
    if (ruleAt === rule.length - 1) return nameAt < names.length
    for (let at = nameAt; at < names.length; at++) if (fits(rule, ruleAt + 1, names, at)) return true
    return false
  }
  const name = names[nameAt]
  return name !== undefined && segment.test(name) && fits(rule, ruleAt + 1, names, nameAt + 1)
}
