import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { describeError } from '@nightshift/shared/errors'
import type { ProcessCheckConfig } from '../config.ts'
import { insideRoot, type HostPaths } from '../procfs/host-paths.ts'
import { readProcess, scanProcesses, type Process } from '../procfs/processes.ts'
import { matches } from '../processes/process-match.ts'
import { failed, passed, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { onMountOf } from '../mounts/mount-turns.ts'
import { judgeUsage } from './processes/process-usage.ts'

/** Process numbers named in the detail. */
const maxPids = 10

/** A process runs, or as many of it as must. */
export const processCheck: CheckKind<'process'> = {
  kind: 'process',
  async run(config, options) {
    let only: number | undefined
    if (config.pid_file !== undefined) {
      const answer = await readPidFile(insideRoot(options.host, config.pid_file), options.signal)
      if (typeof answer === 'string') return failed(answer, { count: 0 })
      only = answer
    }
    const pids: number[] = []
    let seen = 0
    try {
      for await (const slice of list(options, only)) {
        seen += slice.length
        for (const candidate of slice) if (matches(candidate, config) && !isSelf(candidate, options.host)) pids.push(candidate.pid)
      }
    } catch (error) {
      if (options.signal.aborted) return failed('the process list could not be read in time')
      return { ok: null, error: `cannot list processes here: ${describeError(error)}`.slice(0, 500), detail: {} }
    }
    const outcome = judge(config, pids, seen, only)
    return outcome.ok === true ? judgeUsage(config, pids, options.host.proc, outcome) : outcome
  },
}

function judge(config: ProcessCheckConfig, pids: readonly number[], seen: number, only: number | undefined): Outcome {
  const detail = { count: pids.length, pids: pids.slice(0, maxPids).join(' ') }
  const isTooMany = config.max_count !== undefined && pids.length > config.max_count
  if (pids.length >= config.min_count && !isTooMany) return passed(detail)
  const wanted = [
    config.name === undefined ? [] : `named ${config.name}`,
    config.command === undefined ? [] : `with "${config.command.join('" and "')}"`,
  ].flat()
  if (only !== undefined) {
    const problem =
      seen === 0
        ? 'does not run'
        : wanted.length === 0
          ? 'has ended, but its parent has not taken notice (zombie)'
          : `is not the one ${wanted.join(' ')}`
    return failed(`process ${only} of ${config.pid_file} ${problem}`, detail)
  }
  if (isTooMany) return failed(`${pids.length} processes ${wanted.join(' ')}, more than ${config.max_count}`, detail)
  const found = pids.length === 0 ? 'no process' : `only ${pids.length} of ${config.min_count} processes`
  return failed(`${found} ${wanted.join(' ')}; ${seen} processes looked at`, detail)
}

/** The number in a pid file, or why there is none. */
async function readPidFile(path: string, signal: AbortSignal): Promise<number | string> {
  try {
    const text = await onMountOf(path, signal, async () => await readStart(path))
    return /^\d{1,10}$/.test(text) ? Number(text) : `pid file ${path} holds no process number`
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
      ? `pid file ${path} does not exist`
      : `cannot read the pid file: ${describeError(error)}`
  }
}

async function readStart(path: string): Promise<string> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
  return buffer.subarray(0, bytesRead).toString('latin1').trim()
}

async function* list({ host, signal }: RunOptions, only: number | undefined): AsyncGenerator<Process[]> {
  if (existsSync(`${host.proc}/stat`)) {
    if (only === undefined) yield* scanProcesses(host.proc, signal)
    else yield [readProcess(host.proc, only) ?? []].flat()
    return
  }
  const { listByPs } = await import('./processes/ps.ts')
  const all = await listByPs(signal)
  yield only === undefined ? all : all.filter(({ pid }) => pid === only)
}

/** This very collector has the text it looks for in its own arguments, perhaps. In a container its number means another process of the host. */
function isSelf({ pid }: Process, host: HostPaths): boolean {
  return pid === process.pid && host.proc === '/proc'
}
