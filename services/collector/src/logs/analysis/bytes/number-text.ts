const zero = 0x30
const nine = 0x39
/** Up to here digits give an integer without rounding. */
const exactDigits = 15
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
/** In seconds, as Go and nginx write them after a number. */
const unitSeconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, sec: 1, m: 60, min: 60, h: 3600 }

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine
}

/** The number that the bytes spell, as `Number` would read them; NaN when they spell none. */
export function parseNumber(bytes: Buffer, from: number, to: number): number {
  const start = bytes[from] === 0x2d ? from + 1 : from
  let mantissa = 0
  let digits = 0
  let decimals = -1
  for (let at = start; at < to; at++) {
    const byte = bytes[at] as number
    if (byte >= zero && byte <= nine) {
      mantissa = mantissa * 10 + (byte - zero)
      digits++
      if (decimals >= 0) decimals++
    } else if (byte === 0x2e && decimals < 0 && digits > 0) decimals = 0
    else return parseSlowly(bytes, from, to)
  }
  if (digits === 0 || digits > exactDigits || decimals === 0) return parseSlowly(bytes, from, to)
  // One division of two exact numbers rounds once: the same as Number().
  const value = decimals > 0 ? mantissa / (powersOfTen[decimals] as number) : mantissa
  return start === from ? value : -value
}

/** `12`, `12.5ms`, `1.2s` in seconds; what has no unit is multiplied by `scale`. NaN when it is no length of time. */
export function parseSeconds(bytes: Buffer, from: number, to: number, scale: number): number {
  const bare = parseNumber(bytes, from, to)
  if (!Number.isNaN(bare)) return bare * scale
  const match = /^(-?\d{1,15}(?:\.\d{1,15})?) ?([a-zµ]{1,3})$/.exec(bytes.toString('utf8', from, Math.min(to, from + 40)))
  const unit = unitSeconds[match?.[2] ?? '']
  return match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit
}

function parseSlowly(bytes: Buffer, from: number, to: number): number {
  const text = bytes.toString('latin1', from, Math.min(to, from + 400))
  return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
}
