/**
 * Text as Go writes it: names of nodes are quoted by strconv.Quote and then encoded as JSON with `<`, `>` and `&` escaped. Equal bytes are what
 * lets restic and us share the trees of a repository.
 */

/** Neither quoting nor JSON changes these. */
const plain = /^[ !#-%'-;=?-[\]-~]*$/
/** As unicode.IsPrint of Go: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x07, String.raw`\a`],
  [0x08, String.raw`\b`],
  [0x0c, String.raw`\f`],
  [0x0a, String.raw`\n`],
  [0x0d, String.raw`\r`],
  [0x09, String.raw`\t`],
  [0x0b, String.raw`\v`],
  [0x22, String.raw`\"`],
  [0x5c, String.raw`\\`],
])
const shortValues: ReadonlyMap<string, number> = new Map([...shortEscapes].map(([code, text]) => [text.charAt(1), code]))

/** Length of the UTF-8 sequence that starts at `at`, 0 when the bytes there are none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0
  if (length === 0 || at + length > bytes.length) return 0
  const second = bytes[at + 1] ?? 0
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let next = at + 2; next < at + length; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

/** strconv.Quote without the quotes around. */
export function goQuote(name: Buffer): string {
  let quoted = ''
  for (let at = 0; at < name.length;) {
    const length = sequenceLength(name, at)
    if (length === 0) {
      quoted += `\\x${hex(name[at] ?? 0, 2)}`
      at += 1
      continue
    }
    quoted += quoteRune(name.toString('utf8', at, at + length))
    at += length
  }
  return quoted
}

function quoteRune(rune: string): string {
  const code = rune.codePointAt(0) ?? 0
  const short = shortEscapes.get(code)
  if (short !== undefined) return short
  if (printable.test(rune)) return rune
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

const escape = /\\(?:([abfnrtv"\\])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y

/** The bytes of a quoted name; undefined when it was not quoted as Go does. */
export function goUnquote(quoted: string): Buffer | undefined {
  if (!quoted.includes('\\')) return /["\n]/.test(quoted) ? undefined : Buffer.from(quoted)
  const parts: Buffer[] = []
  for (let at = 0; at < quoted.length;) {
    const next = quoted.indexOf('\\', at)
    const text = quoted.slice(at, next === -1 ? undefined : next)
    if (/["\n]/.test(text)) return undefined
    parts.push(Buffer.from(text))
    if (next === -1) break
    escape.lastIndex = next
    const match = escape.exec(quoted)
    const bytes = match === null ? undefined : unescape(match)
    if (bytes === undefined) return undefined
    parts.push(bytes)
    at = escape.lastIndex
  }
  return Buffer.concat(parts)
}

function unescape([, short, byte, rune4, rune8, octal]: RegExpExecArray): Buffer | undefined {
  if (short !== undefined) return Buffer.of(shortValues.get(short) ?? 0)
  if (byte !== undefined) return Buffer.of(Number.parseInt(byte, 16))
  if (octal !== undefined) return Number.parseInt(octal, 8) > 255 ? undefined : Buffer.of(Number.parseInt(octal, 8))
  const code = Number.parseInt(rune4 ?? rune8 ?? '', 16)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
  return Buffer.from(String.fromCodePoint(code))
}

const jsonEscapes = /[<>&\u2028\u2029]/g

/** JSON of a text as Go's encoder writes it, quotes included. */
export function goJsonText(text: string): string {
  if (plain.test(text)) return `"${text}"`
  return JSON.stringify(text).replaceAll(jsonEscapes, (character) => `\\u${hex(character.charCodeAt(0), 4)}`)
}

/** JSON of bytes that should be UTF-8: each byte that is not becomes the escape of U+FFFD. */
export function goJsonBytes(bytes: Buffer): string {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    if (length === 0) {
      parts.push(goJsonText(bytes.toString('utf8', start, at)).slice(1, -1), String.raw`\ufffd`)
      start = at + 1
    }
    at += Math.max(1, length)
  }
  parts.push(goJsonText(bytes.toString('utf8', start)).slice(1, -1))
  return `"${parts.join('')}"`
}

/** JSON of a name, quoted first. */
export function goJsonName(name: Buffer): string {
  const text = name.toString('latin1')
  return plain.test(text) ? `"${text}"` : goJsonText(goQuote(name))
}

export function isUtf8Text(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    if (length === 0) return false
    at += length
  }
  return true
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
