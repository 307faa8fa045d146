import { closeSync, openSync, readSync } from 'node:fs'

/** The kernel writes each of these files in one piece; the longest, memory.stat and io.stat, have a few thousand bytes. */
const maxBytes = 64 * 1024
const buffer = Buffer.allocUnsafeSlow(maxBytes)

/**
 * A file of a control group: null when it may not be read, undefined when it is not there. It is opened each time: hundreds of groups with ten
 * files each would hold thousands of descriptors, and those of a group that was removed read as errors anyway.
 */
export function readCgroupFile(path: string): string | null | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, maxBytes, 0))
  } catch (error) {
    return isGone(error) ? undefined : null
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** The number in a file of one number; undefined for `max`, which is no limit. */
export function readCgroupNumber(path: string): number | null | undefined {
  const text = readCgroupFile(path)
  if (typeof text !== 'string') return text
  return text.startsWith('max') ? undefined : parseCgroupNumber(text)
}

export function parseCgroupNumber(text: string): number | null {
  return /^-?\d{1,20}$/.test(text.trim()) ? Number(text) : null
}

/** The number behind a key in lines of `key number`; undefined when the key is not there. */
export function numberOf(text: string | null | undefined, key: string): number | null | undefined {
  if (typeof text !== 'string') return text
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1
  if (start === 0 && !text.startsWith(`${key} `)) return undefined
  const end = text.indexOf('\n', start)
  return parseCgroupNumber(text.slice(start + key.length + 1, end === -1 ? text.length : end))
}

/** Maps a number and passes on that there is none. */
export function scaled(value: number | null | undefined, divisor: number): number | null | undefined {
  return typeof value === 'number' ? value / divisor : value
}

/** ENODEV: the group was removed after the file was opened. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENODEV')
}
