/** What stands for something else in a pattern; everything else stands for itself. */
export interface NameSigns {
  /** `*` and `?` also stand for a slash. */
  readonly acrossFolders?: boolean
  /** `?` is any one character. */
  readonly marks?: boolean
  /** `[abc]`, `[a-z]`, `[!abc]`. */
  readonly sets?: boolean
  /** A dot at the beginning must be written out, as in a shell. */
  readonly hidesDots?: boolean
}

type Part = 'star' | ((character: string) => boolean)

/**
 * A name with `*`, and with other signs as asked for, made ready to be held against many. It takes at most the length of the name times that of the
 * pattern, which an expression would not promise: names are given by whoever can make a file.
 */
export function namePattern(pattern: string, signs: NameSigns = {}): (name: string) => boolean {
  const parts = readParts(pattern, signs)
  const mayHide = signs.hidesDots !== true || pattern.startsWith('.')
  const mayStar = (character: string): boolean => signs.acrossFolders === true || character !== '/'
  return (name) => (mayHide || !name.startsWith('.')) && fits(name, parts, mayStar)
}

function readParts(pattern: string, { acrossFolders, marks, sets }: NameSigns): Part[] {
  const parts: Part[] = []
  const expression = sets === true ? /\[(!?)(\]?[^\]]*)\]|[^]/gu : /[^]/gu
  for (const [text, not, set] of pattern.matchAll(expression)) {
    if (set !== undefined && set !== '') parts.push(oneOf(set, not === '!'))
    else if (text === '*') parts.push('star')
    else if (text === '?' && marks === true) parts.push((character) => acrossFolders === true || character !== '/')
    else for (const each of text) parts.push((character) => character === each)
  }
  return parts
}

function oneOf(set: string, isNegated: boolean): Part {
  const members = Array.from(set.matchAll(/([^])-([^])|([^])/gu), ([, from, to, one]) => [from ?? one ?? '', to ?? one ?? ''] as const)
  return (character) => character !== '/' && members.some(([from, to]) => from <= character && character <= to) !== isNegated
}

function fits(name: string, parts: readonly Part[], mayStar: (character: string) => boolean): boolean {
  const characters = Array.from(name)
  let [at, next, star, resume] = [0, 0, -1, 0]
  for (;;) {
    const part = parts[next]
    const character = characters[at]
    if (part === 'star') {
      star = next++
      resume = at
    } else if (character !== undefined && part?.(character) === true) {
      at++
      next++
    } else if (character === undefined && part === undefined) {
      return true
    } else {
      const swallowed = characters[resume]
      if (star === -1 || swallowed === undefined || !mayStar(swallowed)) return false
      next = star + 1
      at = ++resume
    }
  }
}
