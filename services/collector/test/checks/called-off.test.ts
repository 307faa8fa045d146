import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CheckKindName } from '../../src/checks/check.ts'
import { loadCheckKind } from '../../src/checks/registry.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { checkOf } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-called-off-'))
const path = join(folder, 'mute.sock')
const sockets = new Set<Socket>()
const servers: Server[] = []
let port = 0

beforeAll(async () => {
  for (const place of [{ port: 0, host: '127.0.0.1' }, { path }]) {
    const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)))
    servers.push(server)
    server.listen(place)
    await once(server, 'listening')
  }
  port = (servers[0]?.address() as AddressInfo | undefined)?.port ?? 0
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

/** Of each kind one that would take long. */
const slow: Record<string, () => object> = {
  http: () => ({ url: `http://127.0.0.1:${port}/` }),
  tls: () => ({ port }),
  websocket: () => ({ url: `ws://127.0.0.1:${port}/` }),
  dns: () => ({ name: 'a.test', server: '127.0.0.1:9' }),
  docker: () => ({ name: 'web', socket: path }),
  systemd: () => ({ unit: 'ssh', bus_socket: path }),
  command: () => ({ argv: ['sleep', '20'] }),
}

async function run(kind: CheckKindName, signal: AbortSignal): Promise<boolean | null> {
  const loaded = await loadCheckKind(kind)
  const config = checkOf(kind, slow[kind]?.() ?? {})
  const outcome = await loaded.run(config, { signal, timeoutMs: 300, host: hostPaths({}), elapsedMs: () => 0 })
  return outcome.ok
}

test.each(Object.keys(slow) as CheckKindName[])(
  'a run of %s that is called off, before it began or under way, settles at once',
  async (kind) => {
    const startMs = performance.now()
    expect(await run(kind, AbortSignal.abort())).toBe(false)
    const under = new AbortController()
    setTimeout(() => under.abort(), 100)
    expect(await run(kind, under.signal)).toBe(false)
    expect(performance.now() - startMs).toBeLessThan(5000)
  },
)
