import { describeError } from '@nightshift/shared/errors'
import { plainText } from '../plain-text.ts'

/** Why a path cannot be looked at, in words that tell a person what to do. */
export function whyUnread(path: string, error: unknown): string {
  const name = plainText(path)
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return `${name} may not be read by this user`
    case 'ENOENT':
    case 'ENOTDIR':
      return `${name} is not there`
    default:
      return `${name} cannot be read: ${plainText(describeError(error), 128)}`
  }
}

export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
