import { access } from 'node:fs/promises'
import type { HostPaths } from '../../procfs/host-paths.ts'
import type { Unit } from './unit.ts'
import { plainEnvironment, runChild } from '../../children/bounded-child.ts'

/** What `systemctl show` is asked for. */
export const properties = ['LoadState', 'ActiveState', 'SubState', 'Result', 'NRestarts']

/**
 * Asks systemd over its bus; without a bus by `systemctl`, which as root does without one, but knows only the machine it runs on. `missing`
 * says what this machine lacks.
 */
export async function readUnit(name: string, socket: string, host: HostPaths, signal: AbortSignal): Promise<Unit | { missing: string }> {
  if (await isThere(socket)) {
    const { readUnitFromBus } = await import('./systemd-bus.ts')
    return await readUnitFromBus(name, socket, signal)
  }
  if (host.root !== '/' || !(await isThere('/run/systemd/system'))) {
    const cure = 'in a container mount /run/dbus of the host'
    return { missing: `there is no bus at ${socket}${host.root === '/' ? ', and this machine does not run systemd' : ''}: ${cure}` }
  }
  return await readUnitFromProgram(name, signal)
}

async function readUnitFromProgram(name: string, signal: AbortSignal): Promise<Unit | { missing: string }> {
  const argv = ['systemctl', 'show', `--property=${properties.join(',')}`, '--', name]
  const { startError, code, stdout, stderr } = await runChild({ argv, env: plainEnvironment(), signal })
  if (startError !== undefined) return { missing: `there is neither a system bus nor systemctl (${startError.code}): install dbus` }
  signal.throwIfAborted()
  if (code !== 0) return { missing: `systemctl cannot reach systemd: ${stderr.trim().slice(0, 200)}` }
  return parseShow(stdout)
}

/** Lines of `Name=value`. */
export function parseShow(text: string): Unit {
  const values = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  const restarts = values.get('NRestarts')
  return {
    loadState: values.get('LoadState') ?? '',
    activeState: values.get('ActiveState') ?? '',
    subState: values.get('SubState') ?? '',
    result: values.get('Result'),
    restarts: restarts === undefined ? undefined : Number(restarts),
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
