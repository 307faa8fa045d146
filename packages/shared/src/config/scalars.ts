import { z } from 'zod'
import { configNamePattern } from '../host-token.ts'

/** A length of time in milliseconds, written `250ms`, `5m`, `1h30m`, `2d`. */
export type Milliseconds = number
/** A size in bytes, written `512MiB`, `10GB`. */
export type Bytes = number
/** A share from 0 to 1, written `85%` or `0.85`. */
export type Ratio = number

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const sizeUnits: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

/** `1h30m` in milliseconds; undefined when it is no duration. */
export function parseDuration(text: string): Milliseconds | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) total += Number(amount) * (durationUnits[unit ?? ''] ?? 0)
  return total
}

/** `10GiB` in bytes; undefined when it is no size. */
export function parseSize(text: string): Bytes | undefined {
  const match = /^(\d+(?:\.\d+)?)\s?([A-Za-z]+)$/.exec(text)
  const unit = match === null ? undefined : sizeUnits[match[2] ?? '']
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}

/** `85%` as 0.85; undefined when it is no percentage. */
export function parsePercentage(text: string): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)\s?%$/.exec(text)
  return match === null ? undefined : Number(match[1]) / 100
}

/** A duration within bounds, `duration({min: 250, max: 3_600_000})`; gives milliseconds. */
export function duration(bounds: { min?: Milliseconds; max?: Milliseconds } = {}) {
  return z
    .string()
    .meta({ pattern: String.raw`^(\d+(\.\d+)?(ms|s|m|h|d|w))+$`, examples: ['10s', '5m', '1h30m'] })
    .transform((text, context): Milliseconds => {
      const value = parseDuration(text)
      if (value === undefined) return refuse(context, `"${text}" is not a duration; write for example 10s, 5m or 1h30m`)
      if (value < (bounds.min ?? 0)) return refuse(context, `${text} is too short; the shortest is ${formatDuration(bounds.min ?? 0)}`)
      if (value > (bounds.max ?? Number.MAX_SAFE_INTEGER)) return refuse(context, `${text} is too long; the longest is ${formatDuration(bounds.max ?? 0)}`)
      return value
    })
}

/** A size, `10GiB`; gives bytes. */
export function size() {
  return z
    .string()
    .meta({ examples: ['512MiB', '10GiB'] })
    .transform((text, context): Bytes => parseSize(text) ?? refuse(context, `"${text}" is not a size; write for example 512MiB or 10GiB`))
}

/** `85%` or 0.85 (or any other number: thresholds may be in bytes or seconds); gives the number. */
export function quantity() {
  return z.union([z.number(), z.string()]).transform((value, context): number => {
    if (typeof value === 'number') return value
    const parsed = parsePercentage(value) ?? parseSize(value) ?? (parseDuration(value) === undefined ? undefined : (parseDuration(value) ?? 0) / 1000)
    return parsed ?? refuse(context, `"${value}" is not a number; write for example 85%, 0.85, 10GiB or 500ms`)
  })
}

/** The name of a rule, check, playbook, job or source: it stands in subjects as it is. */
export function configName() {
  return z.string().regex(configNamePattern, 'use 1 to 63 of a-z, 0-9 and -')
}

/** A command as a list of arguments; no shell reads it. */
export function argv() {
  return z.array(z.string().min(1)).min(1).max(256).describe('Program and arguments; no shell reads them')
}

/** Milliseconds as a person writes them: 90000 is `1m30s`. */
export function formatDuration(ms: Milliseconds): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const parts: string[] = []
  let rest = Math.round(ms / 1000)
  for (const [unit, seconds] of [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]] as const) {
    if (rest >= seconds) parts.push(`${Math.floor(rest / seconds)}${unit}`)
    rest %= seconds
  }
  return parts.join('') || '0s'
}

function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.issues.push({ code: 'custom', message, input: context.value })
  return z.NEVER
}
