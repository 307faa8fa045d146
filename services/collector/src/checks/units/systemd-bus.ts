import { connect } from 'node:net'
import dbus, { type MessageBus } from 'dbus-native'
import type { Unit } from './unit.ts'

/** Answers are a few bytes; the default of the library is 128 MiB. */
const maxMessageBytes = 1024 * 1024
const service = 'org.freedesktop.systemd1'

/** The interface that knows result and restarts, by the ending of the unit. */
const interfaces: Record<string, string> = {
  service: 'Service',
  timer: 'Timer',
  socket: 'Socket',
  mount: 'Mount',
  automount: 'Automount',
  swap: 'Swap',
  path: 'Path',
  scope: 'Scope',
}

/** The state of a unit, over a connection of its own that is closed again. Reads only. */
export async function readUnitFromBus(name: string, socket: string, signal: AbortSignal): Promise<Unit> {
  signal.throwIfAborted()
  // A stream of our own: the library would try other ways to log in, and other sockets.
  const stream = connect({ path: socket })
  const bus = dbus.createClient({ stream, authMethods: ['EXTERNAL'], maxMessageSize: maxMessageBytes, timeout: 0 })
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  bus.connection.on('error', reject)
  bus.connection.on('close', (cause?: Error) => reject(cause ?? new Error('the bus closed the connection')))
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  try {
    return await Promise.race([ask(bus, name), broken])
  } finally {
    signal.removeEventListener('abort', giveUp)
    stream.destroy()
  }
}

async function ask(bus: MessageBus, name: string): Promise<Unit> {
  // Loads the unit file when it is not in memory, as `systemctl status` does.
  const path = await bus.invoke<string>({
    destination: service,
    path: '/org/freedesktop/systemd1',
    interface: `${service}.Manager`,
    member: 'LoadUnit',
    signature: 's',
    body: [name],
  })
  const kind = interfaces[name.slice(name.lastIndexOf('.') + 1)]
  const get = async (owner: string, property: string): Promise<unknown> =>
    await bus.invoke<unknown>({
      destination: service,
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [`${service}.${owner}`, property],
    })
  const [loadState, activeState, subState, result, restarts] = await Promise.all([
    get('Unit', 'LoadState'),
    get('Unit', 'ActiveState'),
    get('Unit', 'SubState'),
    kind === undefined ? undefined : get(kind, 'Result').catch(() => undefined),
    kind === 'Service' ? get(kind, 'NRestarts').catch(() => undefined) : undefined,
  ])
  return {
    loadState: String(loadState),
    activeState: String(activeState),
    subState: String(subState),
    result: typeof result === 'string' ? result : undefined,
    restarts: typeof restarts === 'number' ? restarts : undefined,
  }
}
