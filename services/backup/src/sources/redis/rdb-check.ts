import { open } from 'node:fs/promises'
import { EffectError } from '@nightshift/shared/errors'
import { childEnvironment } from '../process/child-environment.ts'
import { findProgram } from '../process/find-program.ts'
import { runProgram } from '../process/program.ts'
import type { Facts } from '../source.ts'

/** Throws EffectError `dump_failed` for what is no whole RDB file. Gives what redis-check-rdb counted, where there is one. */
export async function checkRdb(file: string, folder: string | undefined, signal: AbortSignal): Promise<Facts> {
  if (!/^REDIS\d{4}$/.test(await headOf(file))) throw new EffectError('dump_failed', 'what Redis sent is no RDB file', { transient: true })
  const program = findProgram(['redis-check-rdb', 'valkey-check-rdb'], folder)
  if (program === undefined) return {}
  const printed = await runProgram({ argv: [program, file], env: childEnvironment(), timeoutMs: 3_600_000, signal })
  return countsOf(printed)
}

/** `[info] 1000 keys read`, `[info] 20 expires`. */
function countsOf(printed: string): Facts {
  const [, keys] = /(\d+) keys read/.exec(printed) ?? []
  const [, expiring] = /(\d+) expires/.exec(printed) ?? []
  return { ...(keys !== undefined && { keys: Number(keys) }), ...(expiring !== undefined && { expiring_keys: Number(expiring) }) }
}

async function headOf(file: string): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(9), 0, 9, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
