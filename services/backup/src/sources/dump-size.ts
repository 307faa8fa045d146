import { EffectError } from '@nightshift/shared/errors'
import { formatSize } from '@nightshift/shared/config/scalars'
import type { Facts } from './source.ts'

export interface SizeRule {
  readonly min_size?: number
  readonly shrink_ratio: number
}

/** Under which fact the size of a dump is kept for the next run. */
export function sizeFact(path: string): string {
  return `size_bytes.${path}`
}

/** Throws EffectError `dump_too_small` for a dump that is suspiciously small, by itself or beside the last one. */
export function judgeSize(path: string, sizeBytes: number, rule: SizeRule, previous: Facts | undefined, acceptSmaller = false): void {
  const leastBytes = rule.min_size ?? 0
  if (sizeBytes < leastBytes)
    throw new EffectError(
      'dump_too_small',
      `the dump ${path} has ${formatSize(sizeBytes)}, and min_size is ${formatSize(leastBytes)}: look at what it dumps, or lower min_size`,
    )
  const lastBytes = previous?.[sizeFact(path)]
  if (acceptSmaller || typeof lastBytes !== 'number' || sizeBytes >= lastBytes * rule.shrink_ratio) return
  throw new EffectError(
    'dump_too_small',
    `the dump ${path} has ${formatSize(sizeBytes)}, the last one had ${formatSize(lastBytes)}: if so much was removed on purpose, run the job once with --accept-smaller, else look at what happened to the data`,
  )
}
