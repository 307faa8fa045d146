/** What is shorter counts as this, in seconds. */
const shortest = 1e-6
const longest = 1e5

/**
 * Quantiles of many lengths of time in little memory (a DDSketch of fixed size): buckets that grow geometrically, so that a quantile is off by
 * at most `relativeError` of itself. Two of the same error add up to the sketch of both. In seconds, from a microsecond to a day.
 */
export class LatencySketch {
  count = 0
  max = 0
  readonly relativeError: number
  readonly #logGamma: number
  readonly #counts: Uint32Array
  #lowest: number
  #highest = -1

  constructor(relativeError: number) {
    this.relativeError = relativeError
    this.#logGamma = Math.log((1 + relativeError) / (1 - relativeError))
    this.#counts = new Uint32Array(Math.ceil(Math.log(longest / shortest) / this.#logGamma) + 2)
    this.#lowest = this.#counts.length
  }

  add(seconds: number): void {
    const index = this.#indexOf(seconds)
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#lowest = Math.min(this.#lowest, index)
    this.#highest = Math.max(this.#highest, index)
    this.count++
    if (seconds > this.max) this.max = seconds
  }

  merge(other: LatencySketch): void {
    if (other.#counts.length !== this.#counts.length) throw new RangeError('sketches of different errors do not add up')
    for (let index = other.#lowest; index <= other.#highest; index++)
      this.#counts[index] = (this.#counts[index] as number) + (other.#counts[index] as number)
    this.#lowest = Math.min(this.#lowest, other.#lowest)
    this.#highest = Math.max(this.#highest, other.#highest)
    this.count += other.count
    this.max = Math.max(this.max, other.max)
  }

  /** The smallest length that at least this share of all does not exceed; null when there are none. */
  quantile(share: number): number | null {
    if (this.count === 0) return null
    const rank = Math.max(1, Math.ceil(share * this.count))
    let seen = 0
    for (let index = this.#lowest; index <= this.#highest; index++) {
      seen += this.#counts[index] as number
      if (seen >= rank) return Math.min(this.max, this.#valueOf(index))
    }
    return this.max
  }

  clear(): void {
    if (this.count > 0) this.#counts.fill(0, this.#lowest, this.#highest + 1)
    this.#lowest = this.#counts.length
    this.#highest = -1
    this.count = 0
    this.max = 0
  }

  #indexOf(seconds: number): number {
    if (!(seconds > shortest)) return 0
    return Math.min(this.#counts.length - 1, Math.ceil(Math.log(seconds / shortest) / this.#logGamma))
  }

  /** In the middle of the bucket, so that both its ends are equally far in relation to their size. */
  #valueOf(index: number): number {
    return index === 0 ? shortest : shortest * Math.exp((index - 0.5) * this.#logGamma) * middle(this.#logGamma)
  }
}

/** From the geometric middle of a bucket to the value with the smallest worst relative error. */
function middle(logGamma: number): number {
  return 2 / (Math.exp(logGamma / 2) + Math.exp(-logGamma / 2))
}
