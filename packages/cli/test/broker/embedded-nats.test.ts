import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findNatsServer } from '@nightshift/test-servers/nats'
import { findFreePort } from '../../src/broker/free-port.ts'
import { startEmbeddedNats, type EmbeddedNats } from '../../src/broker/embedded-nats.ts'
import { stopOrphanBroker } from '../../src/broker/orphan.ts'
import { identifyProcess } from '@nightshift/shared/service/process-identity'

let folder: string
let nats: EmbeddedNats | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-broker-'))
})
afterEach(async () => {
  await nats?.stop(3000)
  nats = undefined
  rmSync(folder, { recursive: true, force: true })
})

const start = async (port = 0, into = folder): Promise<EmbeddedNats> => {
  mkdirSync(into, { recursive: true })
  return startEmbeddedNats({
    binary: findNatsServer() ?? '',
    folder: into,
    address: '127.0.0.1',
    port,
    renderConfig: (chosen) => `listen: "127.0.0.1:${chosen}"\njetstream { store_dir: ${JSON.stringify(join(into, 'store'))} }\n`,
    log: pino({ level: 'silent' }),
  })
}

describe('the embedded broker', () => {
  test('answers when start resolves, and is gone when stop does', async () => {
    nats = await start()
    const connection = await connect({ servers: nats.url })
    await connection.close()
    const { pid } = nats
    await nats.stop(3000)
    expect(identifyProcess(pid ?? 0)).toBeUndefined()
  })

  test('comes back on the same port when it is killed', async () => {
    nats = await start()
    const first = nats.pid
    process.kill(first ?? 0, 'SIGKILL')
    await vi.waitFor(() => expect(nats?.pid).not.toBe(first), { timeout: 5000 })
    await vi.waitFor(async () => (await connect({ servers: nats?.url ?? '', reconnect: false })).close(), { timeout: 5000 })
    expect(nats.restarts).toBe(1)
  })

  test('takes the next free port when the wanted one is taken', async () => {
    const blocker: Server = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const taken = (blocker.address() as { port: number }).port
    nats = await start(taken)
    expect(nats.port).toBeGreaterThan(taken)
    blocker.close()
  })

  test('a configuration it refuses is told with its own words', async () => {
    const wrong = startEmbeddedNats({
      binary: findNatsServer() ?? '',
      folder,
      address: '127.0.0.1',
      port: 0,
      renderConfig: () => 'listen: "127.0.0.1:notaport"',
      log: pino({ level: 'silent' }),
    })
    await expect(wrong).rejects.toThrow(/did not start.*notaport/)
  })

  test('one left behind by a killed run is stopped before the store is used again', async () => {
    nats = await start()
    const { pid } = nats
    expect(JSON.parse(readFileSync(join(folder, 'broker.json'), 'utf8'))).toMatchObject({ pid })
    const stopped = stopOrphanBroker(folder)
    expect(await stopped).toBe(pid)
    expect(await stopOrphanBroker(join(folder, 'elsewhere'))).toBeUndefined()
  })
})

describe('a free port', () => {
  test('is the wanted one when nobody has it, and any for 0', async () => {
    const any = await findFreePort('127.0.0.1', 0)
    expect(await findFreePort('127.0.0.1', any)).toBe(any)
  })

  test('skips what this process will itself take', async () => {
    const any = await findFreePort('127.0.0.1', 0)
    expect(await findFreePort('127.0.0.1', any, new Set([any]))).not.toBe(any)
  })
})
