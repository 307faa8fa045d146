import { h } from 'preact'

const width = 120
const height = 24
/** Five minutes in steps of five seconds. */
const length = 60

/**
 * The last minutes of a ratio, drawn on the full scale of 0 to 1.
 * @param {{ name: string, trend: import('../../fleet/model.ts').Trend | undefined, view: import('./view.js').View }} props
 */
export function Sparkline({ name, trend, view: { texts, format } }) {
  const values = trend?.values ?? []
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return h('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' })
  const xOf = (/** @type {number} */ index) => (width - ((values.length - 1 - index) * width) / (length - 1)).toFixed(1)
  const yOf = (/** @type {number} */ value) => (height - 1 - Math.min(1, value) * (height - 2)).toFixed(1)
  const line = values.flatMap((value, index) => (value === null ? [] : [`${xOf(index)},${yOf(value)}`])).join(' ')
  const first = values.findIndex((value) => value !== null)
  const last = values.findLastIndex((value) => value !== null)
  const label = texts.trend(name, format.percent(Math.min(...known)), format.percent(Math.max(...known)))
  return h(
    'svg',
    { class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    h('polygon', { class: 'spark-area', points: `${xOf(first)},${height} ${line} ${xOf(last)},${height}` }),
    h('polyline', { class: 'spark-line', points: line }),
  )
}
