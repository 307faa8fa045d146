import { jetstream } from '@nats-io/jetstream'
import { bucketId } from '@nightshift/shared/bus/streams'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { ComponentHealth } from '@nightshift/shared/service/health'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

export interface StoreProbe {
  health: () => ComponentHealth
  stop: () => Promise<void>
}

export interface StoreProbeOptions {
  connection: NatsConnection
  namespace: string
  clock: Clock
  log: Logger
  everyMs?: number
  timeoutMs?: number
}

const failuresUntilCritical = 2

/**
 * Has the broker store something every few seconds: a nats-server whose disk is full still takes connections and calls itself healthy, and
 * stores nothing. One key of `ops_control`, `probe`, which nothing reads.
 */
export function startStoreProbe(options: StoreProbeOptions): StoreProbe {
  const { connection, namespace, clock, log, everyMs = 10_000, timeoutMs = 4000 } = options
  const js = jetstream(connection, { timeout: timeoutMs })
  let failures = 0
  let lastError: string | null = null
  let lastStored: string | null = null
  let running: Promise<void> = Promise.resolve()

  const probe = async (): Promise<void> => {
    const time = isoTime(clock.now())
    try {
      await js.publish(`$KV.${bucketId('control', namespace)}.probe`, JSON.stringify({ v: 1, data: { time } }), {
        timeout: timeoutMs,
        retries: 0,
      })
      if (failures >= failuresUntilCritical) log.info('the broker stores again')
      failures = 0
      lastError = null
      lastStored = time
    } catch (error) {
      failures++
      lastError = describeError(error)
      if (failures === failuresUntilCritical) log.error({ error }, 'the broker does not store what is published; is its disk full?')
    }
  }
  // One at a time: a probe takes less than the pause, for its timeout is shorter.
  const timer = setInterval(() => {
    running = probe()
  }, everyMs)
  running = probe()

  return {
    health: () => ({ status: failures < failuresUntilCritical ? 'ok' : 'critical', last_stored_time: lastStored, error: lastError }),
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
