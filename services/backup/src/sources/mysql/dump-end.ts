import { EffectError } from '@nightshift/shared/errors'

/** mysqldump signs what it finished, also where it cannot say so by its exit code: behind a pipe, in a container. */
export function judgeDumpEnd(path: string, lastBytes: Buffer): void {
  if (/^-- Dump completed/m.test(lastBytes.toString('latin1'))) return
  throw new EffectError('dump_failed', `the dump ${path} ends early: its last line, "-- Dump completed", is missing`, { transient: true })
}
