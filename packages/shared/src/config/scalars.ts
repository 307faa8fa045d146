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
/** Ten years: longer is a slip, and far from where numbers lose their milliseconds. */
const longestMs = 3650 * 86_400_000

const durationPattern = String.raw`(\d+(\.\d+)?(ms|s|m|h|d|w))+`
const sizePattern = String.raw`\d+(\.\d+)? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)`
const durationExample = 'write for example 10s, 5m or 1h30m'
const sizeExample = 'write for example 512MiB or 10GiB'
const quantityExample = 'write for example 85%, 0.85, 10GiB or 500ms'

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
export function parsePercentage(text: string): Ratio | undefined {
  const match = /^(-?\d+(?:\.\d+)?)\s?%$/.exec(text)
  return match === null ? undefined : Number(match[1]) / 100
}

/** A duration within bounds, `duration({min: 250, max: 3_600_000})`; gives milliseconds. For a default write `.prefault('5m')`. */
export function duration(bounds: { min?: Milliseconds; max?: Milliseconds } = {}) {
  const { min = 0, max = longestMs } = bounds
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number'
          ? `${input} has no unit; write for example ${input}s or ${input}m`
          : wrongKind(input, 'a duration', durationExample),
    })
    .meta({ title: 'duration', pattern: `^${durationPattern}$`, examples: ['10s', '5m', '1h30m'] })
    .transform((text, context): Milliseconds => {
      const value = parseDuration(text)
      if (value === undefined) return refuse(context, `"${text}" is not a duration`, suggest(respellDuration(text)) ?? durationExample)
      if (value < min) return refuse(context, `${text} is too short`, `the shortest is ${formatDuration(min)}`)
      if (value > max) return refuse(context, `${text} is too long`, `the longest is ${formatDuration(max)}`)
      return value
    })
}

/** A size within bounds, `10GiB`; gives bytes. For a default write `.prefault('1GiB')`. */
export function size(bounds: { min?: Bytes; max?: Bytes } = {}) {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds
  return z
    .string({
      error: ({ input }) =>
        typeof input === 'number'
          ? `${input} has no unit; ${input < 1024 ? sizeExample : `did you mean ${formatSize(input)}?`}`
          : wrongKind(input, 'a size', sizeExample),
    })
    .meta({ title: 'size', pattern: `^${sizePattern}$`, examples: ['512MiB', '10GiB'] })
    .transform((text, context): Bytes => {
      const value = parseSize(text)
      if (value === undefined) return refuse(context, `"${text}" is not a size`, suggest(respellSize(text)) ?? sizeExample)
      if (value < min) return refuse(context, `${text} is too small`, `the smallest is ${formatSize(min)}`)
      if (value > max) return refuse(context, `${text} is too large`, `the largest is ${formatSize(max)}`)
      return value
    })
}

/** `85%` or 0.85, `10GiB` in bytes, `500ms` in seconds, or any other number; gives the number in base units. */
export function quantity() {
  const text = z.string().meta({ pattern: String.raw`^(-?\d+(\.\d+)?( ?%)?|${sizePattern}|${durationPattern})$` })
  const either = z
    .union([z.number(), text], { error: ({ input }) => wrongKind(input, 'a number', quantityExample) })
    .meta({ title: 'number or quantity', examples: ['85%', '10GiB', '500ms'] })
  return either.transform((value, context): number => {
    if (typeof value === 'number') return value
    if (/^-?\d+(?:\.\d+)?$/.test(value)) return Number(value)
    const ms = parseDuration(value)
    const parsed = parsePercentage(value) ?? parseSize(value) ?? (ms === undefined ? undefined : ms / 1000)
    return parsed ?? refuse(context, `"${value}" is not a number`, suggest(respellSize(value) ?? respellDuration(value)) ?? quantityExample)
  })
}

/** The name of a rule, check, playbook, job or source: it stands in subjects as it is. */
export function configName() {
  return z
    .string()
    .regex(configNamePattern, { error: ({ input }) => refuseName(String(input)) })
    .meta({ title: 'name' })
}

/** A command as a list of arguments; no shell reads it. */
export function argv() {
  return z.array(z.string().min(1)).min(1).max(256).describe('Program and arguments; no shell reads them')
}

/** Milliseconds as a person writes them: 90000 is `1m30s`. */
export function formatDuration(ms: Milliseconds): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(3))}s`
  const parts: string[] = []
  let rest = Math.round(ms / 1000)
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    if (rest >= seconds) parts.push(`${Math.floor(rest / seconds)}${unit}`)
    rest %= seconds
  }
  return parts.join('')
}

/** Bytes as a person writes them: 536870912 is `512MiB`. */
export function formatSize(bytes: Bytes): string {
  for (const [unit, factor] of [
    ['TiB', 1024 ** 4],
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= factor && Number.isInteger((bytes / factor) * 1000)) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}

/** Undefined leaves the message to the caller: a missing value is no wrong one. */
function wrongKind(input: unknown, what: string, example: string): string | undefined {
  if (input === null) return `has no value; ${example}, or remove the key`
  return input === undefined ? undefined : `must be ${what}; ${example}`
}

function refuseName(name: string): string {
  const repaired = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
  const example = repaired === '' ? '' : `, for example "${repaired}"`
  return `"${name.slice(0, 80)}" cannot be a name; use 1 to 63 of a-z, 0-9 and -${example}`
}

/** `10 min`, `5M`, `30 seconds` as they should be written. */
function respellDuration(text: string): string | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)$/i.exec(
    text.trim(),
  )
  const unit = match?.[2]?.toLowerCase()
  if (match === null || unit === undefined) return undefined
  return `${match[1]}${unit.startsWith('ms') || unit.startsWith('mil') ? 'ms' : unit[0]}`
}

/** `10G`, `512 mb`, `1gib` as they should be written. */
function respellSize(text: string): string | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT])(iB?|B)?$/i.exec(text.trim())
  if (match === null) return undefined
  return `${match[1]}${match[2]?.toUpperCase()}${match[3]?.toLowerCase() === 'b' ? 'B' : 'iB'}`
}

function suggest(value: string | undefined): string | undefined {
  return value === undefined ? undefined : `did you mean ${value}?`
}

function refuse(context: z.core.$RefinementCtx, message: string, hint: string): never {
  context.issues.push({ code: 'custom', message, params: { hint }, input: context.value })
  return z.NEVER
}

/** A time zone by its IANA name, `Asia/Seoul`, as this Node knows them. */
export function timeZone() {
  return z
    .string()
    .max(64)
    .refine(isTimeZone, 'is not a time zone; write its IANA name, for example Asia/Seoul or UTC')
    .meta({ examples: ['Asia/Seoul', 'UTC'] })
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
