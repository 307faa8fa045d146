import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BusError, ConfigError } from '@nightshift/shared/errors'
import type { Logger } from 'pino'
import { writePrivate } from '../data-folder/write-private.ts'
import { identifyProcess } from '@nightshift/shared/service/process-identity'
import { findFreePort } from './free-port.ts'

export interface EmbeddedNats {
  readonly url: string
  readonly port: number
  readonly pid: number | undefined
  readonly restarts: number
  /** Reads the users again (SIGHUP). */
  reload(): void
  /** Stops the child: asks, waits, then insists. */
  stop(deadlineMs: number): Promise<void>
}

export interface EmbeddedNatsOptions {
  binary: string
  /** Folder of the broker: configuration, store, and the record of its process. */
  folder: string
  address: string
  port: number
  renderConfig(port: number): string
  log: Logger
}

const startDeadlineMs = 10_000
const stableMs = 30_000
const outputBound = 4096
const portTries = 5

/**
 * Starts nats-server as a child in its own process group, so that Ctrl-C in the terminal reaches us first and it last. When it dies
 * it is started again on the same port, with growing waits. Throws ConfigError `broker_start` with what the server said.
 */
export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const configFile = join(options.folder, 'nats.conf')
  let child: ChildProcess | undefined
  let restarts = 0
  const stopping = new AbortController()

  const launch = async (port: number): Promise<ChildProcess> => {
    writePrivate(configFile, options.renderConfig(port))
    const started = spawn(options.binary, ['--config', configFile], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let said = ''
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-outputBound)
      for (const [, level, message] of text.matchAll(/ \[(ERR|FTL)\] (.*)/g))
        options.log.warn(`nats-server ${level === 'FTL' ? 'ends' : 'says'}: ${message}`)
    })
    started.on('error', () => undefined)
    if (started.pid === undefined)
      throw new ConfigError('broker_start', `cannot run ${options.binary}; set NATS_SERVER to a nats-server binary`)
    const identity = identifyProcess(started.pid)
    if (identity !== undefined) writePrivate(join(options.folder, 'broker.json'), JSON.stringify(identity))
    try {
      await waitForPort(options.address, port, started)
    } catch (cause) {
      started.kill('SIGKILL')
      throw new ConfigError('broker_start', `nats-server did not start on port ${port}: ${said.trim().split('\n').slice(-3).join(' / ')}`, {
        cause,
      })
    }
    return started
  }

  let port = 0
  for (let attempt = 1; child === undefined; attempt++) {
    port = await findFreePort(options.address, attempt === 1 ? options.port : (port || options.port) + 1)
    try {
      child = await launch(port)
    } catch (error) {
      if (attempt >= portTries) throw error
    }
  }

  const keepAlive = async (): Promise<void> => {
    let startedMs = performance.now()
    let waitMs = 100
    while (child !== undefined && !stopping.signal.aborted) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (stopping.signal.aborted) return
      if (performance.now() - startedMs > stableMs) waitMs = 100
      restarts++
      options.log.error({ exit_code: child.exitCode, signal: child.signalCode, restarts }, 'nats-server died; starting it again')
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      waitMs = Math.min(waitMs * 2, 5000)
      startedMs = performance.now()
      if (stopping.signal.aborted) return
      try {
        child = await launch(port)
        options.log.info({ pid: child.pid, port }, 'nats-server runs again')
      } catch (error) {
        options.log.error({ error }, 'nats-server does not start; trying again')
      }
    }
  }
  const keeper = keepAlive()

  return {
    url: `nats://${options.address === '0.0.0.0' ? '127.0.0.1' : options.address}:${port}`,
    port,
    get pid() {
      return child?.pid
    },
    get restarts() {
      return restarts
    },
    reload: () => {
      child?.kill('SIGHUP')
    },
    stop: async (deadlineMs) => {
      stopping.abort()
      await stopChild(child, deadlineMs)
      await keeper
    },
  }
}

async function stopChild(child: ChildProcess | undefined, deadlineMs: number): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const insist = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  await exited
  clearTimeout(insist)
}

async function waitForPort(host: string, port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + startDeadlineMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new BusError('broker_exited', `it ended with ${child.exitCode ?? child.signalCode}`)
    if (await canConnect(host === '0.0.0.0' ? '127.0.0.1' : host, port)) return
    await delay(20)
  }
  throw new BusError('broker_silent', `no answer within ${startDeadlineMs / 1000} s`)
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    // The server greets with INFO; an open port alone could be anybody's.
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('INFO ')))
    socket.once('error', () => finish(false))
    socket.setTimeout(1000, () => finish(false))
  })
}
