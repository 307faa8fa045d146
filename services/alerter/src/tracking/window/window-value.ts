import { quantileOf, type Window } from '../../rules/take.ts'
import type { Slots } from './sample-window.ts'

/** What the function of a window gives at the time of its newest sample; undefined when there are too few samples for it. */
export function windowValue(slots: Slots, { take, overMs }: Window): number | undefined {
  const newest = slots.size - 1
  if (newest < 0) return undefined
  const startMs = slots.at(newest) - overMs
  const first = slots.at(0) <= startMs && newest > 0 ? 1 : 0
  switch (take) {
    case 'last':
      return slots.value(newest)
    case 'avg':
      return meanOf(slots, first)
    case 'stddev':
      return deviationOf(slots, first)
    case 'min':
    case 'max': {
      const better = take === 'min' ? Math.min : Math.max
      let best = slots.value(first)
      for (let index = first + 1; index <= newest; index++) best = better(best, slots.value(index))
      return best
    }
    case 'count':
      return totalOf(slots, first)
    case 'delta':
      return newest === 0 ? undefined : slots.value(newest) - slots.value(0)
    case 'increase':
      return newest === 0 ? undefined : totalOf(slots, 1)
    case 'rate': {
      const seconds = (slots.at(newest) - slots.at(0)) / 1000
      return newest === 0 || seconds <= 0 ? undefined : totalOf(slots, 1) / seconds
    }
    case 'full_in':
      return newest === 0 ? undefined : secondsUntilFull(slots)
    default:
      return quantile(slots, first, quantileOf(take) ?? 0.5)
  }
}

function totalOf(slots: Slots, first: number): number {
  let total = 0
  for (let index = first; index < slots.size; index++) total += slots.count(index)
  return total
}

function meanOf(slots: Slots, first: number): number {
  let sum = 0
  let count = 0
  for (let index = first; index < slots.size; index++) {
    sum += slots.value(index) * slots.count(index)
    count += slots.count(index)
  }
  return sum / count
}

/** What does not grow is full in ten years: an answer that every threshold can be compared with. */
const longestSeconds = 10 * 365 * 86_400

/** How long a ratio takes to 1 when it goes on along the line through the samples, by least squares. */
function secondsUntilFull(slots: Slots): number {
  const startMs = slots.at(0)
  let [times, values, squares, products] = [0, 0, 0, 0]
  for (let index = 0; index < slots.size; index++) {
    const seconds = (slots.at(index) - startMs) / 1000
    times += seconds
    values += slots.value(index)
    squares += seconds * seconds
    products += seconds * slots.value(index)
  }
  const spread = slots.size * squares - times * times
  const slope = spread > 0 ? (slots.size * products - times * values) / spread : 0
  const left = 1 - slots.value(slots.size - 1)
  if (left <= 0) return 0
  return slope <= 0 ? longestSeconds : Math.min(longestSeconds, left / slope)
}

/** Of all samples, not of a share of more. */
function deviationOf(slots: Slots, first: number): number {
  const mean = meanOf(slots, first)
  let squares = 0
  let count = 0
  for (let index = first; index < slots.size; index++) {
    const samples = slots.count(index)
    squares += slots.squares(index) + samples * (slots.value(index) - mean) ** 2
    count += samples
  }
  return Math.sqrt(squares / count)
}

/** Between two samples, as far as the share asks for. */
function quantile(slots: Slots, first: number, share: number): number {
  const sorted = new Float64Array(slots.size - first)
  for (let index = 0; index < sorted.length; index++) sorted[index] = slots.value(first + index)
  sorted.sort()
  const rank = share * (sorted.length - 1)
  const low = sorted[Math.floor(rank)] ?? Number.NaN
  const high = sorted[Math.ceil(rank)] ?? Number.NaN
  return low + (high - low) * (rank - Math.floor(rank))
}
