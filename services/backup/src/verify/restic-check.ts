import { describeError, EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { Store } from '../destinations/store.ts'
import { startRestServer } from '../rest-server/rest-server.ts'
import { childEnvironment } from '../sources/process/child-environment.ts'
import { findProgram } from '../sources/process/find-program.ts'
import { runProgram } from '../sources/process/program.ts'

const timeoutMs = 48 * 3_600_000

/** Lets restic read a repository whole, wherever it lies; what it finds wrong. Throws EffectError `no_restic` when it is not installed. */
export async function checkByRestic(store: Store, password: string, signal: AbortSignal): Promise<string[]> {
  const restic = process.env['RESTIC'] ?? findProgram(['restic'])
  if (restic === undefined) throw new EffectError('no_restic', 'restic is not on PATH: install it, or set verify.whole.restic to false')
  const server = await startRestServer(store)
  try {
    // The address holds the login of the server: a process list shows arguments to everybody.
    const env = childEnvironment({ RESTIC_PASSWORD: password, RESTIC_REPOSITORY: `rest:${server.url}` })
    const argv = [restic, '--no-cache', '--no-lock', 'check', '--read-data']
    await runProgram({ argv, env, timeoutMs, signal, secret: password, code: 'restic_check' })
    return []
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof NightshiftError && error.code === 'restic_check') return [`restic: ${describeError(error)}`]
    throw error
  } finally {
    await server.close()
  }
}
