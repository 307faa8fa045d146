import { randomBytes } from 'node:crypto'

/** Polynomials over GF(2): bit n of the number is the factor of x^n. The chunker of a repository has an irreducible one of this degree. */
export const polynomialDegree = 53

function degreeOf(a: bigint): number {
  return a === 0n ? -1 : a.toString(2).length - 1
}

/** The remainder of a divided by b. */
export function modulo(a: bigint, b: bigint): bigint {
  const degree = degreeOf(b)
  let rest = a
  for (let over = degreeOf(rest) - degree; over >= 0; over = degreeOf(rest) - degree) rest ^= b << BigInt(over)
  return rest
}

/** Squaring only puts a zero between any two bits. */
function square(a: bigint): bigint {
  return a === 0n ? 0n : BigInt(`0b${a.toString(2).split('').join('0')}`)
}

function commonDivisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a, b]
  while (right !== 0n) [left, right] = [right, modulo(left, right)]
  return left
}

/** Ben-Or's test: no factor of degree n divides x^(2^n) - x. */
export function isIrreducible(polynomial: bigint): boolean {
  const half = Math.floor(degreeOf(polynomial) / 2)
  if (half < 1) return false
  let power = 2n
  for (let n = 1; n <= half; n++) {
    power = modulo(square(power), polynomial)
    if (commonDivisor(polynomial, power ^ 2n) !== 1n) return false
  }
  return true
}

/** True for what the chunker can work with. */
export function isChunkerPolynomial(polynomial: bigint): boolean {
  return degreeOf(polynomial) === polynomialDegree && isIrreducible(polynomial)
}

/** One of about 2^47; about each 26th try is irreducible. */
export function randomPolynomial(): bigint {
  for (;;) {
    const bits = randomBytes(7).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) & ((1n << 53n) - 1n)
    const polynomial = bits | (1n << 53n) | 1n
    if (isIrreducible(polynomial)) return polynomial
  }
}
