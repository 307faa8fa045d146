import type { FieldValue } from '../../record.ts'
import { wantedNames } from '../json/json-names.ts'
import { KeyTree, nextKeyHash } from '../json/key-tree.ts'
import { RecordFiller } from '../record-filler.ts'
import { isDigit } from '../bytes/number-text.ts'
import type { ParserDefinition } from './parser.ts'
import { unitSeconds } from './unit.ts'

const quote = 0x22
const backslash = 0x5c
const equals = 0x3d
const maxFields = 64

/** `level=info msg="hello world" duration=12ms`. A line with fewer than two pairs is something else. */
export const logfmtParser: ParserDefinition = {
  format: 'logfmt',
  tellsLogins: false,
  isDetected: true,
  open(config) {
    const names = wantedNames(config.fields, unitSeconds(config.duration_unit))
    const tree = new KeyTree(names.map(({ name }) => name))
    const filler = new RecordFiller(names)
    return {
      fill(bytes, start, end, record) {
        filler.begin()
        let pairs = 0
        let at = skipBlanks(bytes, start, end)
        while (at < end) {
          const keyFrom = at
          let hash = 0
          for (let byte = bytes[at] as number; byte > 0x20 && byte !== equals && byte !== quote; byte = bytes[++at] as number)
            hash = nextKeyHash(hash, byte)
          if (bytes[at] === quote || at === keyFrom) return false
          if (bytes[at] !== equals) {
            at = skipBlanks(bytes, at, end)
            continue
          }
          const node = tree.root.children?.find(hash, bytes, keyFrom, at) ?? null
          const value = readValue(bytes, at + 1, end)
          if (value === undefined) return false
          pairs++
          if (node !== null && node.leaf !== -1) {
            const place = tree.nameOf(node.leaf)
            // A number that is quoted is one all the same: logfmt has no types.
            const isNumeric = isDigit(bytes[value.from]) && isBareNumber(bytes, value.from, value.to)
            if (value.isEscaped) filler.takeText(place, unescape(bytes.toString('utf8', value.from, value.to)), false, record)
            else filler.take(place, bytes, value.from, value.to, isNumeric, false, record)
          }
          at = skipBlanks(bytes, value.next, end)
        }
        return pairs >= 2
      },
      fields(line) {
        const found: Record<string, FieldValue> = {}
        let count = 0
        for (const [, key, quoted, bare] of line.matchAll(/([^\s="]{1,128})=(?:"((?:[^"\\]|\\.){0,8192})"|([^\s"]{0,8192}))/g)) {
          if (key === undefined || ++count > maxFields) break
          found[key] = quoted === undefined ? (bare ?? '') : unescape(quoted)
        }
        return found
      },
    }
  },
}

interface Value {
  from: number
  to: number
  next: number
  isEscaped: boolean
}

const value: Value = { from: 0, to: 0, next: 0, isEscaped: false }

/** The same object each time. */
function readValue(bytes: Buffer, at: number, end: number): Value | undefined {
  value.isEscaped = false
  if (bytes[at] !== quote) {
    let to = at
    while (to < end && (bytes[to] as number) > 0x20) to++
    value.from = at
    value.to = to
    value.next = to
    return value
  }
  let to = at + 1
  for (; to < end && bytes[to] !== quote; to++) {
    if (bytes[to] !== backslash) continue
    value.isEscaped = true
    to++
  }
  if (to >= end) return undefined
  value.from = at + 1
  value.to = to
  value.next = to + 1
  return value
}

function skipBlanks(bytes: Buffer, at: number, end: number): number {
  let pos = at
  while (pos < end && (bytes[pos] as number) <= 0x20) pos++
  return pos
}

function isBareNumber(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isDigit(bytes[at]) && bytes[at] !== 0x2e) return false
  return true
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped === 't' ? '\t' : escaped))
}
