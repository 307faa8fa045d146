import { hoursPerWeek } from './hour-of-week.ts'

/** An hour of which less was seen does not count as seen. */
const leastSeenMs = 1_800_000
/** An hour cannot last so long, even when clocks are set back: this is the same hour of another week. */
const longestHourMs = 3 * 3_600_000
/** How many weeks must agree before an hour is known. */
const leastWeeks = 2
/** A mean of four bytes and a number of weeks of one byte. */
const slotBytes = 5

/**
 * What is usual for one series in each hour of the week: the mean of that hour in the weeks before, of which each new week counts for one
 * of `weeks`, so that old ones fade. The hour at hand is not in it.
 */
export class Baseline {
  readonly #means = new Float32Array(hoursPerWeek)
  readonly #weeks = new Uint8Array(hoursPerWeek)
  /** The hour at hand. */
  #hour = 0
  #firstMs = 0
  #lastMs = 0
  #sum = 0
  #count = 0

  /** What is usual in this hour of the week; undefined while it is not known. */
  usual(hour: number, weeks: number): number | undefined {
    return (this.#weeks[hour] ?? 0) >= Math.min(leastWeeks, weeks) ? this.#means[hour] : undefined
  }

  /** Takes a sample in; true when an hour came to its end, so that more is known than before. */
  learn(hour: number, atMs: number, value: number, weeks: number): boolean {
    const isNew = this.#count === 0 || hour !== this.#hour || Math.abs(atMs - this.#firstMs) > longestHourMs
    const hasLearnt = isNew && this.#close(weeks)
    if (isNew) {
      this.#hour = hour
      this.#firstMs = atMs
      this.#lastMs = atMs
      this.#sum = 0
      this.#count = 0
    }
    this.#lastMs = Math.max(this.#lastMs, atMs)
    this.#sum += value
    this.#count++
    return hasLearnt
  }

  /** As it is stored. */
  toText(): string {
    const bytes = Buffer.alloc(hoursPerWeek * slotBytes)
    for (let hour = 0; hour < hoursPerWeek; hour++) {
      bytes.writeFloatLE(this.#means[hour] ?? 0, hour * slotBytes)
      bytes.writeUInt8(this.#weeks[hour] ?? 0, hour * slotBytes + 4)
    }
    return bytes.toString('base64')
  }

  /** undefined: that is none. */
  static fromText(text: string): Baseline | undefined {
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length !== hoursPerWeek * slotBytes) return undefined
    const baseline = new Baseline()
    for (let hour = 0; hour < hoursPerWeek; hour++) {
      baseline.#means[hour] = bytes.readFloatLE(hour * slotBytes)
      baseline.#weeks[hour] = bytes.readUInt8(hour * slotBytes + 4)
    }
    return baseline
  }

  #close(weeks: number): boolean {
    if (this.#count === 0 || this.#lastMs - this.#firstMs < leastSeenMs) return false
    const known = this.#weeks[this.#hour] ?? 0
    const mean = this.#means[this.#hour] ?? 0
    this.#means[this.#hour] = mean + (this.#sum / this.#count - mean) / Math.min(known + 1, weeks)
    this.#weeks[this.#hour] = Math.min(known + 1, 255)
    return true
  }
}
