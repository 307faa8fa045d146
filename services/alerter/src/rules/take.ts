/** What a rule makes of the samples of a window. `full_in`: seconds until a ratio is 1, at the pace of the window. */
export const takes = ['last', 'avg', 'min', 'max', 'rate', 'increase', 'delta', 'stddev', 'count', 'full_in'] as const
export type Take = (typeof takes)[number] | `p${number}`

/** A function over the samples of the last so many milliseconds. */
export interface Window {
  readonly take: Take
  readonly overMs: number
}

export function isTake(text: string): text is Take {
  return (takes as readonly string[]).includes(text) || /^p[1-9]\d?$/.test(text)
}

/** 0.95 of `p95`; undefined for what is no percentile. */
export function quantileOf(take: Take): number | undefined {
  return /^p\d/.test(take) ? Number(take.slice(1)) / 100 : undefined
}

/** Whether it reads a number that only ever grows, and falls to 0 when its source starts anew. */
export function readsCounter(take: Take): boolean {
  return take === 'rate' || take === 'increase'
}
