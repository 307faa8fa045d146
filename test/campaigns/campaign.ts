/** What one run of a campaign found. No violation means it passed; facts go into the table. */
export interface Outcome {
  facts: Record<string, number | string>
  violations: string[]
  /** What is allowed and out of the ordinary, each with its story. */
  exceptions?: string[]
}

export interface CampaignContext {
  /** Everything random in a run comes from here. */
  random: () => number
  seed: number
  /** Folder of this run; removed afterwards unless the run failed. */
  folder: string
  say: (line: string) => void
  /** Of a campaign that kills: how often; the default is its own. */
  kills?: number
}

export interface Campaign {
  name: string
  summary: string
  run(context: CampaignContext): Promise<Outcome>
}

/** A reproducible source of random numbers from 0 to 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
