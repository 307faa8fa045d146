import type { LineRecord } from './line-record.ts'
import { levelOfNumber, levelOfSeverity, levelOfWord, unknownLevel } from './level.ts'
import { parseNumber, parseSeconds } from './bytes/number-text.ts'
import { epochMs, parseClfTime, parseIsoTime } from './bytes/time-text.ts'
import { level, responseBytes, seconds, severity, status, time, type WantedName } from './json/json-names.ts'

const targets = 128

/** Puts values that stand under known names into a record. Of two names for the same thing the one that comes first in the list counts. */
export class RecordFiller {
  readonly #names: readonly WantedName[]
  /** By target: the place in `names` of the value taken so far; smaller is better. */
  readonly #taken = new Int32Array(targets)

  constructor(names: readonly WantedName[]) {
    this.#names = names
  }

  begin(): void {
    this.#taken.fill(this.#names.length)
  }

  /** A value as it stands in the line. `isEscaped`: a JSON text with escapes. `place`: in the list of names. */
  take(place: number, bytes: Buffer, from: number, to: number, isNumeric: boolean, isEscaped: boolean, record: LineRecord): void {
    const { target, scale } = this.#names[place] as WantedName
    const slot = slotOf(target)
    if ((this.#taken[slot] as number) <= place || to === from) return
    if (target < level) record.setSpan(target, from, to, isEscaped)
    else if (isEscaped) return this.takeText(place, JSON.parse(bytes.toString('utf8', from - 1, to + 1)) as string, isNumeric, record)
    else if (!setValue(target, scale, bytes, from, to, isNumeric, record)) return
    this.#taken[slot] = place
  }

  /** A value that does not stand in the line like this. */
  takeText(place: number, text: string, isNumeric: boolean, record: LineRecord): void {
    const { target, scale } = this.#names[place] as WantedName
    const slot = slotOf(target)
    if ((this.#taken[slot] as number) <= place || text === '') return
    if (target < level) record.setText(target, text)
    else {
      const bytes = Buffer.from(text)
      if (!setValue(target, scale, bytes, 0, bytes.length, isNumeric, record)) return
    }
    this.#taken[slot] = place
  }
}

/** Both say the level. */
function slotOf(target: number): number {
  return target === severity ? level : target
}

/** False when the value is of no use there, such as a status that is no number. */
function setValue(target: number, scale: number, bytes: Buffer, from: number, to: number, isNumeric: boolean, record: LineRecord): boolean {
  if (target === level) {
    const found = isNumeric ? levelOfNumber(parseNumber(bytes, from, to)) : levelOfWord(bytes, from, to)
    if (found !== unknownLevel) record.level = found
    return found !== unknownLevel
  }
  if (target === seconds) {
    const value = parseSeconds(bytes, from, to, scale)
    if (value >= 0) record.seconds = value
    return value >= 0
  }
  if (target === time) return setTime(bytes, from, to, isNumeric, record)
  const value = parseNumber(bytes, from, to)
  if (target === severity) {
    const isSeverity = value >= 0 && value <= 7
    if (isSeverity) record.level = levelOfSeverity(value)
    return isSeverity
  }
  if (target === status) {
    const isStatus = value >= 100 && value <= 999
    if (isStatus) record.status = Math.floor(value)
    return isStatus
  }
  if (target === responseBytes && value >= 0) record.responseBytes = value
  return value >= 0
}

function setTime(bytes: Buffer, from: number, to: number, isNumeric: boolean, record: LineRecord): boolean {
  let value = isNumeric ? Number.NaN : parseIsoTime(bytes, from, to)
  if (Number.isNaN(value) && !isNumeric) value = parseClfTime(bytes, from, to)
  if (Number.isNaN(value)) value = epochMs(parseNumber(bytes, from, to))
  if (!Number.isNaN(value)) record.timeMs = value
  return !Number.isNaN(value)
}
