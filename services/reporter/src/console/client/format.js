/** Numbers and times as a person reads them. */

/** @typedef {ReturnType<typeof createFormat>} Format */

const unknown = '–'
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const rateUnits = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']

/** @param {string} locale @param {import('./texts.js').Texts} texts @param {string} [timeZone] */
export function createFormat(locale, texts, timeZone) {
  const zone = timeZone === undefined ? {} : { timeZone }
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone })
  const clockWithSeconds = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...zone,
  })
  const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', ...zone })
  const unitOf = (/** @type {'second' | 'minute' | 'hour' | 'day'} */ unit) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' })
  const lengths = /** @type {const} */ ([
    [86_400, unitOf('day')],
    [3600, unitOf('hour')],
    [60, unitOf('minute')],
    [1, unitOf('second')],
  ])

  /** @param {string} iso @param {Intl.DateTimeFormat} time @param {number} nowMs */
  const withDay = (iso, time, nowMs) => {
    const date = new Date(iso)
    return day.format(date) === day.format(nowMs) ? time.format(date) : `${day.format(date)} ${time.format(date)}`
  }

  /** @param {number} ms */
  const length = (ms) => {
    const seconds = Math.max(0, Math.floor(ms / 1000))
    const [size, unit] = lengths.find(([unitSeconds]) => seconds >= unitSeconds) ?? lengths[3]
    return unit.format(Math.floor(seconds / size))
  }

  return {
    /** 12:03, with the day when it was not today. @param {string} iso @param {number} nowMs */
    clock: (iso, nowMs) => withDay(iso, clock, nowMs),
    /** 12:03:59 @param {string} iso @param {number} nowMs */
    seconds: (iso, nowMs) => withDay(iso, clockWithSeconds, nowMs),
    length,
    /** 12 sec ago @param {string | number} time @param {number} nowMs */
    ago: (time, nowMs) => {
      const ms = nowMs - (typeof time === 'number' ? time : Date.parse(time))
      return ms < 2000 ? texts.now : texts.ago(length(ms))
    },
    /** @param {number | null | undefined} ratio */
    percent: (ratio) => (ratio === null || ratio === undefined ? unknown : `${Math.round(ratio * 100)} %`),
    /** @param {number | null | undefined} value */
    decimal: (value) => (value === null || value === undefined ? unknown : value.toFixed(2)),
    /** @param {number | null | undefined} value */
    bytes: (value) => scale(value, 1024, binaryUnits),
    /** @param {number | null | undefined} value */
    rate: (value) => scale(value, 1000, rateUnits),
    /** 4 ms, 1.2 s @param {number | null | undefined} seconds */
    latency: (seconds) => {
      if (seconds === null || seconds === undefined) return unknown
      if (seconds < 0.001) return '< 1 ms'
      return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
    },
    /** +0.4 s @param {number} ms */
    offset: (ms) => (ms < 60_000 ? `+${(ms / 1000).toFixed(1)} s` : `+${length(ms)}`),
  }
}

/** @param {number | null | undefined} value @param {number} base @param {string[]} units */
function scale(value, base, units) {
  if (value === null || value === undefined) return unknown
  let scaled = Math.max(0, value)
  let step = 0
  while (scaled >= base && step < units.length - 1) {
    scaled /= base
    step++
  }
  return `${scaled < 10 && step > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${units[step]}`
}
