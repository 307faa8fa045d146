import { NightshiftError } from '@nightshift/shared/errors'
import { storeError, type StoreErrorCode } from './store-error.ts'

/** The code of a failed system call, such as ENOSPC. */
export function codeOfFileError(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

interface Reading {
  readonly code: StoreErrorCode
  readonly advice: string
}

const full: Reading = { code: 'store_full', advice: 'the disk or the quota is full; make room, or shorten `keep:` and prune' }
const denied: Reading = { code: 'store_denied', advice: 'it may not be read or written; mend the owner and the mode of the folder' }
const away: Reading = { code: 'store_not_found', advice: 'the folder is not there; is its disk mounted?' }
const broken: Reading = { code: 'store_damaged', advice: 'the disk fails; look at its health, and copy the repository elsewhere' }

const readings: Readonly<Record<string, Reading>> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: { code: 'store_denied', advice: 'the disk is mounted read-only; look why (dmesg), and mount it for writing' },
  ENOENT: away,
  ENOTDIR: away,
  ENODEV: away,
  EIO: broken,
}

/** What the file system said, as one of our errors; an abort and errors of ours stay as they are. */
export function localError(description: string, error: unknown): unknown {
  const code = codeOfFileError(error)
  if (code === undefined || error instanceof NightshiftError || !/^E[A-Z0-9]+$/.test(code)) return error
  const reading = readings[code] ?? { code: 'store_unreachable', advice: `the file system answers ${code}; trying again` }
  return storeError(reading.code, `${description}: ${reading.advice}`, error)
}
