import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { EffectError } from '@nightshift/shared/errors'
import type { HookConfig } from '../config/hook-config.ts'
import { childEnvironment, secretsOf } from '../sources/process/child-environment.ts'
import { OutputTail } from '../sources/process/output-tail.ts'

const maxOutputBytes = 4096
const killGraceMs = 5000
const pollMs = 50

/** Runs one hook in a process group of its own and waits for its end. Throws EffectError `hook_failed` with the end of what it said. */
export async function runHook(hook: HookConfig, facts: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const [program = '', ...rest] = hook.run
  signal.throwIfAborted()
  const env = childEnvironment(facts, hook.pass_env)
  const tail = new OutputTail(maxOutputBytes, secretsOf(env))
  const child = spawn(program, rest, {
    cwd: hook.cwd ?? '/',
    env,
    shell: false,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => tail.add(chunk)).on('error', () => undefined)
  const { promise: ended, resolve, reject } = Promise.withResolvers<{ code: number | null; by: NodeJS.Signals | null }>()
  child.once('error', (cause) => reject(failed(hook, `cannot be started (${(cause as NodeJS.ErrnoException).code ?? cause.message})`, '')))
  child.once('exit', (code, by) => resolve({ code, by }))
  const timeout = AbortSignal.timeout(hook.timeout)
  const cut = AbortSignal.any([signal, timeout])
  const end = (): void => void endGroup(child.pid)
  cut.addEventListener('abort', end, { once: true })
  try {
    const { code, by } = await ended
    if (timeout.aborted) throw failed(hook, `took longer than ${formatDuration(hook.timeout)} and was ended`, tail.text())
    if (signal.aborted) throw failed(hook, 'was ended, because the run was', tail.text())
    if (code !== 0) throw failed(hook, code === null ? `was ended by ${by ?? 'a signal'}` : `ended with exit code ${code}`, tail.text())
  } finally {
    cut.removeEventListener('abort', end)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined || !signalGroup(pid, 'SIGTERM')) return
  const endMs = performance.now() + killGraceMs
  while (signalGroup(pid, 0)) {
    if (performance.now() >= endMs) {
      signalGroup(pid, 'SIGKILL')
      return
    }
    await sleep(pollMs)
  }
}

/** False when none of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** The program is named, its arguments are not: they may hold what nobody should read. */
function failed(hook: HookConfig, what: string, output: string): EffectError {
  const said = output === '' ? '' : `; it said: ${output}`
  return new EffectError('hook_failed', `the hook ${hook.run[0] ?? ''} ${what}${said}`)
}
