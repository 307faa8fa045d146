import { patternParts } from '../table-pattern.ts'

/** `schema.table` of the configuration with `*` for anything, as pg_dump reads it: in quotes, upper case is kept and `*` is outside. */
export function dumpPattern(pattern: string): string {
  return patternParts(pattern)
    .map((part) => {
      const pieces = part.split('*').map((piece) => (piece === '' ? '' : `"${piece.replaceAll('"', '""')}"`))
      return pieces.join('*')
    })
    .join('.')
}
