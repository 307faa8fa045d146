import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { jetstreamManager } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { NatsServer } from '@nightshift/test-servers/nats'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deafProxy } from './deaf-proxy.ts'
import { bootstrapped, broker, busOn, client, expectSoon } from './fixture.ts'

const key = 'shard-0'
/** Shorter than in life, so that the tests are; leases last as long as their bucket says. */
const ttlMs = 1800

async function leaseBroker(): Promise<NatsServer> {
  const server = await broker()
  await shorten(server)
  return server
}

async function shorten(server: NatsServer): Promise<void> {
  const jsm = await jetstreamManager(await client(server))
  await jsm.streams.update('KV_ops_locks', { max_age: nanos(ttlMs), duplicate_window: nanos(ttlMs) })
}

/** Another process that holds the lease. */
function holderProcess(server: Pick<NatsServer, 'url'>, holder: string, blockMs = 0): { child: ChildProcess; said: () => string[] } {
  const child = spawn(process.execPath, [fileURLToPath(new URL('hold-lease.ts', import.meta.url)), server.url, holder, String(blockMs)])
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, said: () => output.split('\n').slice(0, -1) }
}

describe('a lease', () => {
  it('has one holder; the next waits until it is given back, and its token is higher', async () => {
    const server = await leaseBroker()
    const [one, two] = [busOn(server, { host: 'a' }), busOn(server, { host: 'b' })]
    const first = await one.acquireLease({ key, holder: 'alerter@a' })
    let taken = false
    const waiting = two.acquireLease({ key, holder: 'alerter@b' }).then((lease) => {
      taken = true
      return lease
    })
    await sleep(ttlMs / 2)
    expect(taken).toBe(false)
    expect(first.holds()).toBe(true)
    await first.release()
    expect(first.holds()).toBe(false)
    expect(first.signal.aborted).toBe(true)
    const second = await waiting
    expect(second.holds()).toBe(true)
    expect(second.token).toBeGreaterThan(first.token)
  })

  it('is kept as long as its holder lives', async () => {
    const server = await leaseBroker()
    const [one, two] = [busOn(server, { host: 'a' }), busOn(server, { host: 'b' })]
    const lease = await one.acquireLease({ key, holder: 'alerter@a' })
    const given = new AbortController()
    const waiting = two.acquireLease({ key, holder: 'alerter@b', signal: given.signal })
    waiting.catch(() => undefined)
    await sleep(ttlMs * 1.5)
    expect(lease.holds()).toBe(true)
    given.abort(new Error('no longer wanted'))
    await expect(waiting).rejects.toThrow('no longer wanted')
  })

  it('goes to the next when its holder is killed, within the time to live and a poll', async () => {
    const server = await leaseBroker()
    const { child, said } = holderProcess(server, 'alerter@a')
    await expectSoon(() => said().length === 1)
    const token = Number(said()[0]?.split(' ')[1])
    child.kill('SIGKILL')
    const startedMs = performance.now()
    const lease = await busOn(server, { host: 'b' }).acquireLease({ key, holder: 'alerter@b' })
    expect(performance.now() - startedMs).toBeLessThan(ttlMs + 2000)
    expect(lease.token).toBeGreaterThan(token)
  })

  it('is left to others for a while by who is patient, and taken by him when nobody wants it', async () => {
    const server = await leaseBroker()
    const [one, two] = [busOn(server, { host: 'a' }), busOn(server, { host: 'b' })]
    const patienceMs = 1500
    const startedMs = performance.now()
    const patient = one.acquireLease({ key, holder: 'alerter@a', patienceMs: () => patienceMs })
    const impatient = await two.acquireLease({ key, holder: 'alerter@b' })
    expect(performance.now() - startedMs).toBeLessThan(patienceMs)
    await impatient.release()
    const releasedMs = performance.now()
    const lease = await patient
    expect(lease.holds()).toBe(true)
    expect(performance.now() - releasedMs).toBeGreaterThan(patienceMs - 500)
  })

  it('is taken over at once by the next run of the same holder', async () => {
    const server = await leaseBroker()
    const { child, said } = holderProcess(server, 'alerter@a')
    await expectSoon(() => said().length === 1)
    child.kill('SIGKILL')
    const startedMs = performance.now()
    const lease = await busOn(server, { host: 'a' }).acquireLease({ key, holder: 'alerter@a' })
    expect(performance.now() - startedMs).toBeLessThan(ttlMs / 2)
    expect(lease.token).toBeGreaterThan(Number(said()[0]?.split(' ')[1]))
  })

  it('is not held by who slept through its time, and he knows', async () => {
    const server = await leaseBroker()
    const sleeper = holderProcess(server, 'alerter@a', ttlMs * 1.5)
    await expectSoon(() => sleeper.said().length === 1)
    sleeper.child.stdin?.write('sleep\n')
    const successor = await busOn(server, { host: 'b' }).acquireLease({ key, holder: 'alerter@b' })
    await expectSoon(() => sleeper.said().length === 2)
    expect(sleeper.said()[1]).toBe('holds false aborted true')
    expect(successor.holds()).toBe(true)
    expect(successor.token).toBeGreaterThan(Number(sleeper.said()[0]?.split(' ')[1]))
  })

  it('is lost in time when the bus is away, and its signal says so', async () => {
    const server = await leaseBroker()
    const bus = busOn(server)
    const lease = await bus.acquireLease({ key, holder: 'alerter@a' })
    await server.kill('SIGKILL')
    const startedMs = performance.now()
    await expectSoon(() => lease.signal.aborted)
    expect(performance.now() - startedMs).toBeLessThanOrEqual(ttlMs + 300)
    await server.restart()
    const again = await bus.acquireLease({ key, holder: 'alerter@a' })
    expect(again.token).toBeGreaterThan(lease.token)
  })

  it('survives a renewal whose answer was lost', async () => {
    const server = await leaseBroker()
    const proxy = await deafProxy(server.port)
    const lease = await busOn(proxy).acquireLease({ key, holder: 'alerter@a' })
    await sleep(ttlMs / 3 - 200)
    proxy.deaf = true
    await sleep(350)
    proxy.deaf = false
    proxy.cut()
    await sleep(ttlMs)
    expect(lease.holds()).toBe(true)
  })

  it('goes to one of two processes of the same name, not back and forth', async () => {
    const server = await leaseBroker()
    const [one, two] = [busOn(server), busOn(server)]
    const first = await one.acquireLease({ key, holder: 'alerter@a' })
    const second = await two.acquireLease({ key, holder: 'alerter@a' })
    await expectSoon(() => first.signal.aborted)
    let tookBack = false
    const given = new AbortController()
    const waiting = one.acquireLease({ key, holder: 'alerter@a', signal: given.signal }).then(
      () => (tookBack = true),
      () => undefined,
    )
    await sleep(ttlMs)
    expect(tookBack).toBe(false)
    expect(second.holds()).toBe(true)
    given.abort()
    await waiting
  })

  it('has a higher token even after the broker lost its store', async () => {
    const server = await leaseBroker()
    const bus = busOn(server)
    const first = await bus.acquireLease({ key, holder: 'alerter@a' })
    await sleep(1100)
    await server.restart({ empty: true })
    await bootstrapped(server)
    await shorten(server)
    await expectSoon(() => first.signal.aborted)
    const second = await bus.acquireLease({ key, holder: 'alerter@a' })
    expect(second.token).toBeGreaterThan(first.token)
    expect(Number.isSafeInteger(second.token)).toBe(true)
  })

  it('is given back when the bus is closed', async () => {
    const server = await leaseBroker()
    const bus = busOn(server)
    const lease = await bus.acquireLease({ key, holder: 'alerter@a' })
    await bus.close()
    expect(lease.signal.aborted).toBe(true)
    const startedMs = performance.now()
    await busOn(server).acquireLease({ key, holder: 'alerter@b' })
    expect(performance.now() - startedMs).toBeLessThan(ttlMs / 2)
  })
})
