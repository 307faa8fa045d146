import { EffectError } from '@nightshift/shared/errors'
import { findProgram } from '../process/find-program.ts'

type PostgresProgram = 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql' | 'initdb' | 'pg_ctl' | 'postgres'

/** Throws EffectError `no_program`. */
export function postgresProgram(name: PostgresProgram, folder: string | undefined): string {
  const found = findProgram([name], folder)
  if (found !== undefined) return found
  const where = folder === undefined ? 'on PATH or where distributions put it' : `in ${folder}`
  throw new EffectError(
    'no_program',
    `there is no ${name} ${where}: install the PostgreSQL client programs of the server's version, or set bin_dir`,
  )
}

/** The major version in what `pg_dump --version` prints. */
export function majorVersion(text: string): number {
  return Number(/\) (\d+)/.exec(text)?.[1] ?? Number.NaN)
}
