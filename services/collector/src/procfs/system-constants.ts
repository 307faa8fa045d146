import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

/** Keys of the vector that the kernel gives every program (getauxval(3)). */
const pageSizeKey = 6n
const ticksKey = 17n

/** What the kernel counts in, which depends on how it was built: arm64 may have pages of 64 KiB. */
export interface SystemConstants {
  readonly pageBytes: number
  /** Ticks per second of the times in /proc/stat and /proc/<pid>/stat. */
  readonly ticksPerSecond: number
}

const usual: SystemConstants = { pageBytes: 4096, ticksPerSecond: 100 }
let known: SystemConstants | undefined

/** The same for every container of a machine, so our own vector will do. */
export function systemConstants(): SystemConstants {
  known ??= read()
  return known
}

function read(): SystemConstants {
  try {
    return parseAuxiliaryVector(readFileSync('/proc/self/auxv'))
  } catch {
    return usual
  }
}

/** Pairs of 64-bit words, in the machine's own order. */
export function parseAuxiliaryVector(vector: Buffer, isLittle: boolean = endianness() === 'LE'): SystemConstants {
  const word = (offset: number): bigint => (isLittle ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset))
  const values = new Map<bigint, number>()
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) values.set(word(offset), Number(word(offset + 8)))
  return { pageBytes: values.get(pageSizeKey) ?? usual.pageBytes, ticksPerSecond: values.get(ticksKey) ?? usual.ticksPerSecond }
}
