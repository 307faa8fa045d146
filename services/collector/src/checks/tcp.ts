import { connect, type Socket } from 'node:net'
import { failed, passed, type CheckKind, type Outcome } from './check.ts'
import { explainConnectionError, explainTimeout, formatTarget } from '../network/connection-error.ts'
import { sharedLookup } from '../network/shared-lookup.ts'

/** A port takes connections. */
export const tcpCheck: CheckKind<'tcp'> = {
  kind: 'tcp',
  async run({ host, port }, { signal, timeoutMs }) {
    const target = formatTarget(host, port)
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const socket = connect({ host, port, lookup: sharedLookup })
    const onAbort = (): void => resolve(failed(explainTimeout(target, timeoutMs, false)))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    socket.on('connect', () => resolve(passed({ address: remoteAddress(socket) })))
    socket.on('error', (error) => resolve(failed(explainConnectionError(error, target))))
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
    }
  },
}

function remoteAddress(socket: Socket): string | null {
  return socket.remoteAddress === undefined || socket.remotePort === undefined
    ? null
    : formatTarget(socket.remoteAddress, socket.remotePort)
}
