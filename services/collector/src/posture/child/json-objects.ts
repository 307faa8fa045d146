import { setImmediate } from 'node:timers/promises'

/** Characters that are looked at before other work gets its turn: well under a millisecond. */
const sliceLength = 32 * 1024

const code = { quote: 0x22, backslash: 0x5c, openBrace: 0x7b, closeBrace: 0x7d, openBracket: 0x5b, closeBracket: 0x5d } as const

/**
 * Calls `visit` with each object that lies at a depth of a JSON text, 1 being the outermost value, one after the other: to parse a large
 * text as a whole would keep everything else waiting. Gives false when brackets do not match or an object is none.
 */
export async function eachObject(text: string, depth: number, visit: (object: unknown) => void): Promise<boolean> {
  let level = 0
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    if (at % sliceLength === sliceLength - 1) await setImmediate()
    const character = text.charCodeAt(at)
    if (isQuoted) {
      if (character === code.backslash) at++
      else if (character === code.quote) isQuoted = false
    } else if (character === code.quote) isQuoted = true
    else if (character === code.openBrace || character === code.openBracket) {
      if (++level === depth) start = at
    } else if (character === code.closeBrace || character === code.closeBracket) {
      if (level-- === depth && character === code.closeBrace && !visitOne(text.slice(start, at + 1), visit)) return false
      if (level < 0) return false
    }
  }
  return level === 0 && !isQuoted && text.length > 0
}

function visitOne(text: string, visit: (object: unknown) => void): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  visit(value)
  return true
}
