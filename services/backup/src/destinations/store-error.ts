import { EffectError } from '@nightshift/shared/errors'
import type { StoreFile } from './store.ts'
import { nameOf } from './layout.ts'

export type StoreErrorCode =
  | 'store_missing_file'
  | 'store_not_found'
  | 'store_denied'
  | 'store_full'
  | 'store_unreachable'
  | 'store_damaged'
  | 'store_conflict'

/** The only code after which the same attempt may succeed by itself. */
const transientCode: StoreErrorCode = 'store_unreachable'

export function storeError(code: StoreErrorCode, message: string, cause?: unknown): EffectError {
  return new EffectError(code, message, { transient: code === transientCode, ...(cause === undefined ? {} : { cause }) })
}

export function missingFile(description: string, file: StoreFile, cause?: unknown): EffectError {
  return storeError(
    'store_missing_file',
    `${description}: ${nameOf(file)} is not there; run nightshift backup check to see what that affects`,
    cause,
  )
}

export function wrongLength(description: string, file: StoreFile, wantedBytes: number, gotBytes: number): EffectError {
  return storeError(
    'store_damaged',
    `${description}: ${nameOf(file)} gave ${gotBytes} bytes where ${wantedBytes} were expected; run nightshift backup check`,
  )
}

export function otherBytes(description: string, file: StoreFile, cause?: unknown): EffectError {
  return storeError(
    'store_conflict',
    `${description}: ${nameOf(file)} is there already with other bytes, and was left as it is; run nightshift backup check`,
    cause,
  )
}
