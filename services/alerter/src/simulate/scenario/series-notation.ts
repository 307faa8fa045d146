import { ContractError } from '@nightshift/shared/errors'
import { parseDuration, parsePercentage, parseSize } from '@nightshift/shared/config/scalars'

/** A number; `unreadable`: the source could not tell (null); `missing`: no message came; `stale`: the thing is gone from a message that came. */
export type Sample = number | 'unreadable' | 'missing' | 'stale'

const maxSamples = 100_000
const number = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`
const quantity = String.raw`${number}(?: ?%|ms|s|m|h|d|[KMGT]i?B|B)?`
const shape = new RegExp(
  String.raw`^(?:(?<word>_|null|stale)(?:x(?<repeat>\d+))?|(?<first>${quantity})(?:(?<sign>[+-])(?<step>${quantity}))?(?:x(?<times>\d+))?)$`,
)

/**
 * The samples of a text in the notation of promtool: `1 2 3`, `5x3` (5 and three more), `0+10x5` (0, 10, ... 50), `_` and `_x3` for messages
 * that do not come, `stale` for what is gone; besides, `null` for what cannot be read, and quantities: `85%x5`. Throws ContractError.
 */
export function parseSeries(text: string): Sample[] {
  const samples: Sample[] = []
  for (const token of text.trim().split(/\s+/)) {
    for (const sample of samplesOf(token)) samples.push(sample)
    if (samples.length > maxSamples) throw bad(`is longer than ${maxSamples} samples`)
  }
  return samples
}

function samplesOf(token: string): Sample[] {
  const groups = shape.exec(token)?.groups
  if (groups === undefined) throw bad(`"${token}" is no sample; write for example 0.5, 85%, 0.5x3, 0+10x5, _x3, null or stale`)
  const { word, repeat, first, sign, step, times } = groups
  if (word !== undefined) {
    const sample: Sample = word === '_' ? 'missing' : word === 'null' ? 'unreadable' : 'stale'
    return Array.from({ length: countOf(repeat) }, () => sample)
  }
  const start = quantityOf(first ?? '')
  const change = step === undefined ? 0 : quantityOf(step) * (sign === '-' ? -1 : 1)
  if (step !== undefined && times === undefined) throw bad(`"${token}" says how it grows, but not how often: ${token}x5`)
  const count = times === undefined ? 1 : countOf(times) + 1
  // Added up in decimals: 0.5+0.1x5 ends at 1, not next to it.
  return Array.from({ length: count }, (_, index) => Number((start + change * index).toPrecision(12)))
}

function countOf(text: string | undefined): number {
  const count = text === undefined ? 1 : Number(text)
  if (count > maxSamples) throw bad(`is longer than ${maxSamples} samples`)
  return count
}

function quantityOf(text: string): number {
  const plain = Number(text)
  if (!Number.isNaN(plain)) return plain
  const ms = parseDuration(text)
  const value = parsePercentage(text) ?? parseSize(text) ?? (ms === undefined ? undefined : ms / 1000)
  if (value === undefined) throw bad(`"${text}" is not a number; write for example 85%, 0.85, 10GiB or 500ms`)
  return value
}

function bad(message: string): ContractError {
  return new ContractError('bad_series', message)
}
