import { setTimeout as delay } from 'node:timers/promises'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { buildSubject, filterSubject } from '@nightshift/shared/subjects'
import { Arrivals } from '../arrivals.ts'
import type { Connection } from '../bench-broker.ts'

interface Options {
  admin: Connection
  /** A host that exists only here. */
  host: string
  rule: string
  count: number
  signal: AbortSignal
}

/** Not counted: the first ones also wait for code to be compiled. */
const warmUps = 20
const pauseMaxMs = 50
const answerMs = 5000
/** A reader that begins at the end of the stream may begin just after our first message. */
const firstTries = 10
const firstAnswerMs = 1000

/** Milliseconds from publishing a metric that is over its threshold to the alert event `firing` on the bus, one at a time. */
export async function measureAlerts(options: Options): Promise<number[]> {
  const { admin, host, rule, count, signal } = options
  const alerts = new Arrivals(admin, filterSubject('alert', { host, rule }))
  await alerts.ready()

  const cross = async (usageRatio: number, phase: string, deadlineMs: number): Promise<number> => {
    const id = newId(Date.now())
    const arrival = alerts.next(({ event }) => event['phase'] === phase, deadlineMs, signal)
    const publishedMs = performance.now()
    admin.publish(buildSubject({ kind: 'metric', host, group: 'cpu' }), metricMessage(id, host, usageRatio))
    return (await arrival).atMs - publishedMs
  }
  const crossAndBack = async (deadlineMs: number): Promise<number> => {
    const tookMs = await cross(0.95, 'firing', deadlineMs)
    await delay(Math.random() * pauseMaxMs, undefined, { signal })
    await cross(0.1, 'resolved', answerMs)
    await delay(Math.random() * pauseMaxMs, undefined, { signal })
    return tookMs
  }

  await untilAnswered(() => crossAndBack(firstAnswerMs), signal)
  for (let crossing = 1; crossing < warmUps; crossing++) await crossAndBack(answerMs)
  const samplesMs: number[] = []
  while (samplesMs.length < count) samplesMs.push(await crossAndBack(answerMs))
  return samplesMs
}

async function untilAnswered(attempt: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await attempt()
      return
    } catch (error) {
      if (signal.aborted || tries === firstTries) throw error
    }
  }
}

function metricMessage(id: string, host: string, usageRatio: number): string {
  const envelope = { v: 1, id, time: isoTime(Date.now()), host, source: `collector@${host}`, correlation_id: id }
  return JSON.stringify({ ...envelope, group: 'cpu', fields: { usage_ratio: usageRatio } })
}
