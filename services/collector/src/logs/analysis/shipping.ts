import type { FieldValue, LineOrigin, LogLevel, ShippedLine } from '../record.ts'
import type { Shipment } from './held-event.ts'
import type { Masker } from './masking/masker.ts'

const maxLines = 2048
const maxCharacters = 8 * 1024 * 1024
const longestMessage = 8000
const longestField = 4000
const maxFields = 64
const longestName = 128
/** Said elsewhere in what is shipped. */
const saidElsewhere = new Set(['msg', 'message', 'MESSAGE', 'level', 'levelname', 'severity', 'time', 'timestamp', '@timestamp'])

interface Ready {
  readonly origin: LineOrigin
  readonly level: LogLevel
  readonly message: string
  readonly stack: string
  readonly fingerprint: string | null
  readonly timeMs: number
  readonly requestId: string | undefined
  readonly shipment: Shipment
}

/** Lines that wait to be shipped, oldest first. They are masked when they are taken out. */
export class Shipping {
  #ready: Ready[] = []
  #first = 0
  #characters = 0

  get size(): number {
    return this.#ready.length - this.#first
  }

  get isFull(): boolean {
    return this.size >= maxLines || this.#characters >= maxCharacters
  }

  add(line: Ready): void {
    this.#ready.push(line)
    this.#characters += line.shipment.line.length + line.stack.length
  }

  drain(max: number, masker: Masker): ShippedLine[] {
    const taken = this.#ready.slice(this.#first, this.#first + max)
    this.#first += taken.length
    for (const { shipment, stack } of taken) this.#characters -= shipment.line.length + stack.length
    if (this.#first * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#first)
      this.#first = 0
    }
    return taken.map((line) => toShipped(line, masker))
  }
}

function toShipped({ origin, level, message, stack, fingerprint, timeMs, requestId, shipment }: Ready, masker: Masker): ShippedLine {
  const parsed = shipment.parser.fields?.(shipment.line) ?? shipment.fields
  const fields: Record<string, FieldValue> = {}
  for (const [key, value] of Object.entries(parsed).slice(0, maxFields)) {
    if (saidElsewhere.has(key)) continue
    fields[masker.text(key).slice(0, longestName)] = cut(masker.value(key, value))
  }
  // What the line says of itself cannot pass for where it came from.
  Object.assign(fields, masker.fields(origin.labels))
  if (stack !== '') fields['stack'] = cut(masker.text(stack))
  const text = message === '' ? shipment.line : message
  return {
    level,
    message: masker.text(text).slice(0, longestMessage),
    fingerprint,
    timeMs: shipment.hasTime ? timeMs : null,
    receivedMs: shipment.receivedMs,
    ...(requestId === undefined ? {} : { requestId: masker.text(requestId) }),
    fields,
    key: origin.key,
    offset: shipment.offset,
  }
}

function cut(value: FieldValue): FieldValue {
  return typeof value === 'string' ? value.slice(0, longestField) : value
}
