import { readsCounter, type Window } from '../../rules/take.ts'

/** A window is cut into so many slots; what comes faster is put together in them, so that no series takes more memory than this. */
export const maxSlots = 512
/** A straight line needs fewer, and rules that draw one look back far. */
const lineSlots = 60
const leastCapacity = 8
/** A shorter step back of a source's clock is taken for an old message. */
const leastSetBackMs = 60_000

/** What a slot holds; how wide it is depends on the function. */
const atField = 0
const valueField = 1
/** Samples of a slot; of a counter, how much it grew since the slot before. */
const countField = 2
/** Sum of the squared distances from the mean of the slot. */
const squaresField = 3

/** Slots of a window from the oldest to the newest, as the functions read them. */
export interface Slots {
  readonly size: number
  /** When its last sample came. */
  at(index: number): number
  value(index: number): number
  count(index: number): number
  squares(index: number): number
}

/**
 * The samples of one series that a rule looks back on: a ring in one typed array. Holds the samples of the window and the last one before
 * it, from which counters and differences start.
 */
export class SampleWindow implements Slots {
  #slots: Float64Array
  #head = 0
  #size = 0
  /** Since when it saw all there was, event time. */
  #sinceMs = Number.NaN
  #stepMs = Number.NaN
  readonly #width: number
  readonly #slotMs: number
  readonly #window: Window

  constructor(window: Window) {
    this.#window = window
    this.#width = widthOf(window)
    this.#slotMs = window.overMs / (window.take === 'full_in' ? lineSlots : maxSlots)
    this.#slots = new Float64Array(leastCapacity * this.#width)
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** Event time of the newest sample; NaN when there is none. */
  get lastMs(): number {
    return this.#size === 0 ? Number.NaN : this.at(this.#size - 1)
  }

  /** Whether it looks back on the whole window: until then nobody knows what its function would give. */
  get isFull(): boolean {
    return this.lastMs - this.#sinceMs >= this.#window.overMs - (this.#size > 1 ? this.#stepMs : 0)
  }

  at(index: number): number {
    return this.#slots[this.#place(index) + atField] ?? Number.NaN
  }

  value(index: number): number {
    return this.#slots[this.#place(index) + valueField] ?? Number.NaN
  }

  count(index: number): number {
    return this.#width <= countField ? 1 : (this.#slots[this.#place(index) + countField] ?? 0)
  }

  squares(index: number): number {
    return this.#width <= squaresField ? 0 : (this.#slots[this.#place(index) + squaresField] ?? 0)
  }

  /** Takes a sample in. False: it is older than what is known, and nothing follows from it. */
  push(atMs: number, value: number): boolean {
    const { overMs } = this.#window
    if (this.#size > 0) {
      const pauseMs = atMs - this.lastMs
      if (pauseMs <= 0 && -pauseMs <= Math.max(overMs, leastSetBackMs)) return false
      if (pauseMs <= 0 || this.#isBreak(pauseMs)) this.#clear()
      this.#stepMs = Math.abs(pauseMs)
    }
    if (this.#size === 0) this.#sinceMs = atMs
    if (this.#sharesSlot(atMs)) this.#merge(atMs, value)
    else this.#append(atMs, value)
    while (this.#size > 1 && this.at(1) <= atMs - overMs) this.#drop()
    return true
  }

  /** A window of the same kind with what this one holds, and then what `newer` holds. */
  continuedBy(newer: SampleWindow): SampleWindow {
    const whole = new SampleWindow(this.#window)
    for (const part of [this, newer]) {
      for (let index = 0; index < part.size; index++) {
        const isMerged = whole.#sharesSlot(part.at(index))
        if (!whole.push(part.at(index), part.value(index)) || isMerged) continue
        // The sample that begins a part has nothing before it to have grown from; for all others the part knows better.
        if (!readsCounter(this.#window.take) || index > 0) whole.#copyRest(part, index)
      }
      if (part === this && this.#size > 0 && !Number.isNaN(this.#sinceMs)) whole.#sinceMs = this.#sinceMs
    }
    whole.#stepMs = Number.isNaN(newer.#stepMs) ? whole.#stepMs : newer.#stepMs
    return whole
  }

  /** The first sample stays by itself: it is where counters start. */
  #sharesSlot(atMs: number): boolean {
    return this.#size > 1 && Math.floor(this.lastMs / this.#slotMs) === Math.floor(atMs / this.#slotMs)
  }

  /** After a long pause what was before says nothing about now. Slow sources pause always. */
  #isBreak(pauseMs: number): boolean {
    return pauseMs > this.#window.overMs / 2 && !(pauseMs <= 3 * this.#stepMs)
  }

  #copyRest(part: Slots, index: number): void {
    const place = this.#place(this.#size - 1)
    if (this.#width > countField) this.#slots[place + countField] = part.count(index)
    if (this.#width > squaresField) this.#slots[place + squaresField] = part.squares(index)
  }

  #append(atMs: number, value: number): void {
    const before = this.#size === 0 ? Number.NaN : this.value(this.#size - 1)
    if (this.#size * this.#width === this.#slots.length) this.#grow()
    this.#size++
    const place = this.#place(this.#size - 1)
    this.#slots[place + atField] = atMs
    this.#slots[place + valueField] = value
    if (this.#width > countField) this.#slots[place + countField] = readsCounter(this.#window.take) ? grownBy(before, value) : 1
    if (this.#width > squaresField) this.#slots[place + squaresField] = 0
  }

  /** Puts a sample together with the newest slot. */
  #merge(atMs: number, value: number): void {
    const place = this.#place(this.#size - 1)
    const [known, count, squares] = [this.value(this.#size - 1), this.count(this.#size - 1), this.squares(this.#size - 1)]
    this.#slots[place + atField] = atMs
    switch (this.#window.take) {
      case 'min':
        this.#slots[place + valueField] = Math.min(known, value)
        return
      case 'max':
        this.#slots[place + valueField] = Math.max(known, value)
        return
      case 'avg':
      case 'stddev': {
        const mean = known + (value - known) / (count + 1)
        this.#slots[place + valueField] = mean
        this.#slots[place + countField] = count + 1
        if (this.#width > squaresField) this.#slots[place + squaresField] = squares + (value - known) * (value - mean)
        return
      }
      default:
        this.#slots[place + valueField] = value
        if (this.#width > countField)
          this.#slots[place + countField] = count + (readsCounter(this.#window.take) ? grownBy(known, value) : 1)
    }
  }

  #drop(): void {
    this.#head = (this.#head + this.#width) % this.#slots.length
    this.#size--
  }

  #clear(): void {
    this.#head = 0
    this.#size = 0
  }

  #grow(): void {
    const wider = new Float64Array(this.#slots.length * 2)
    const first = this.#slots.subarray(this.#head)
    wider.set(first)
    wider.set(this.#slots.subarray(0, this.#head), first.length)
    this.#slots = wider
    this.#head = 0
  }

  #place(index: number): number {
    const place = this.#head + index * this.#width
    return place < this.#slots.length ? place : place - this.#slots.length
  }
}

/** How much a counter grew; one that fell has started anew from 0. */
export function grownBy(before: number, value: number): number {
  if (Number.isNaN(before)) return 0
  return value >= before ? value - before : value
}

function widthOf({ take }: Window): number {
  if (take === 'stddev') return squaresField + 1
  return take === 'avg' || take === 'count' || readsCounter(take) ? countField + 1 : valueField + 1
}
