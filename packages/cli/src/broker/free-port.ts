import { createServer } from 'node:net'
import { ConfigError } from '@nightshift/shared/errors'

const triesAfterWanted = 100

/** The wanted port, or the next free one after it; 0 gives any. Throws ConfigError `no_free_port`. */
export async function findFreePort(address: string, wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (wanted === 0) return listenOnce(address, 0)
  for (let port = wanted; port < Math.min(wanted + triesAfterWanted, 65_536); port++) {
    if (taken.has(port)) continue
    try {
      return await listenOnce(address, port)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'EADDRINUSE' && code !== 'EACCES') throw new ConfigError('bad_address', `cannot listen on ${address}`, { cause: error })
    }
  }
  throw new ConfigError('no_free_port', `no free port from ${wanted} on at ${address}; choose one with --nats-port or --console-port`)
}

function listenOnce(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address()
      server.close(() => (bound !== null && typeof bound === 'object' ? resolve(bound.port) : reject(new Error('no address'))))
    })
  })
}
