import { setTimeout as delay } from 'node:timers/promises'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { filterSubject, rpcSubject } from '@nightshift/shared/subjects'
import { measureAck } from '../alerter/measure-ack.ts'
import { measureSilence } from '../alerter/measure-silence.ts'
import { Arrivals } from '../arrivals.ts'
import { startBroker, type Connection } from '../bench-broker.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { endAll, startServices } from '../measured-services.ts'
import { percentile } from '../percentiles.ts'
import { CostMeter } from '../process-cost.ts'
import { waitUntil } from '../wait-until.ts'

const fields = ['load1', 'load5', 'load15', 'load1_per_core', 'uptime_seconds'] as const
const activeAlerts = Number(process.env['BENCH_ALERTS'] ?? 100_000)
const hosts = Math.ceil(activeAlerts / fields.length)
const canary = 'canary'
/** Hosts that are published before the alerter has caught up; more would only wait in the stream. */
const hostsAhead = 400
const deadlineMs = 60_000 + activeAlerts * 5
const settleMs = 5000
const maxTries = 50
const betweenTriesMs = 200
const asks = 10
const mebibyte = 1024 ** 2

/** As many active alerts as the alerter is to carry: how long they take, what they cost, how soon a person's word counts, and a restart. */
export const alerterMany: Benchmark = {
  name: 'alerter-many',
  summary: `${activeAlerts} alerts of ${hosts} hosts fire and stay; silences, acknowledgements and a restart among them`,
  run: measure,
}

async function measure({ folder, signal, say }: BenchmarkContext): Promise<Record<string, Figure>> {
  const broker = await startBroker()
  const options = {
    folder,
    host: 'bench-1',
    natsUrl: broker.server.url,
    sections: { alerter: alerterSection() },
    readyDeadlineMs: deadlineMs,
  }
  const processes = await startServices(['alerter'], options, signal)
  try {
    const { admin } = broker
    const fired = new Arrivals(admin, filterSubject('alert', { phase: 'firing' }))
    const dead = new Arrivals(admin, 'ops.notify.*.dead')
    const delivered = new Arrivals(admin, 'ops.notify.*.delivered')
    await fired.ready()
    await untilRead(admin, fired, signal)
    const startedMs = performance.now()
    for (let number = 0; number < hosts; number++) {
      if (number % hostsAhead === 0) {
        const wanted = Math.max(0, number - hostsAhead) * fields.length + 1
        await waitUntil(`${wanted} alerts are told`, () => fired.count >= wanted, deadlineMs, signal)
      }
      publishBreach(admin, `many-${number}`)
    }
    await waitUntil('all alerts are told', () => fired.count > hosts * fields.length, deadlineMs, signal)
    const seconds = (performance.now() - startedMs) / 1000
    await waitUntil('all are delivered', () => delivered.count + dead.count >= fired.count, deadlineMs, signal)
    const deliveredSeconds = (performance.now() - startedMs) / 1000
    await delay(settleMs, undefined, { signal })
    const rss = rssOf(processes[0]?.pid)
    const stored = await storedBytes(admin)
    say(`${fired.count} alerts fire; ${asks} silences and acknowledgements`)
    const silenced = await measureSilence({ admin, rule: canary, count: asks })
    const listed = await measureList(admin)
    const acked = await measureAck({ admin, rule: canary, count: asks, signal })
    say('a restart')
    const endedMs = await processes[0]?.end()
    const againMs = performance.now()
    processes.push(...(await startServices(['alerter'], options, signal)))
    const restartSeconds = (performance.now() - againMs) / 1000
    await delay(settleMs, undefined, { signal })
    const inMs = (value: number): Figure => ({ value, unit: 'ms' })
    return {
      active_alerts: { value: fired.count, unit: '1' },
      active_alerts_per_second: { value: (hosts * fields.length) / seconds, unit: '1/s' },
      seconds_to_all_told: { value: seconds, unit: 's' },
      seconds_to_all_delivered: { value: deliveredSeconds, unit: 's' },
      rss: { value: rss, unit: 'MiB' },
      stored: { value: stored / mebibyte, unit: 'MiB' },
      notifications_dead: { value: dead.count, unit: '1' },
      silence_visible_p50: inMs(percentile(silenced, 50)),
      silence_visible_max: inMs(percentile(silenced, 100)),
      list_p50: inMs(percentile(listed, 50)),
      list_max: inMs(percentile(listed, 100)),
      ack_visible_p50: inMs(percentile(acked, 50)),
      ack_visible_max: inMs(percentile(acked, 100)),
      stop: inMs(endedMs ?? 0),
      start_to_at_work: { value: restartSeconds, unit: 's' },
      rss_after_restart: { value: rssOf(processes.at(-1)?.pid), unit: 'MiB' },
    }
  } finally {
    await endAll(processes)
    await broker.stop()
  }
}

/** Milliseconds until the whole list, as far as it fits into one message, is there. */
async function measureList(admin: Connection): Promise<number[]> {
  const samplesMs: number[] = []
  while (samplesMs.length < asks) {
    const askedMs = performance.now()
    await admin.request(rpcSubject('alerter', 'list'), '{}', { timeout: 10_000 })
    samplesMs.push(performance.now() - askedMs)
  }
  return samplesMs
}

/** The first start reads what comes from now on, and that may be a moment later. */
async function untilRead(admin: Connection, fired: Arrivals, signal: AbortSignal): Promise<void> {
  for (let tries = 0; fired.count === 0; tries++) {
    if (tries === maxTries) throw new Error('the alerter does not read')
    publishBreach(admin, canary)
    await delay(betweenTriesMs, undefined, { signal })
  }
}

function rssOf(pid: number | undefined): number {
  return pid === undefined ? 0 : new CostMeter(pid).read(1).rssBytes / mebibyte
}

async function storedBytes(admin: Connection): Promise<number> {
  const reply = await admin.request('$JS.API.STREAM.INFO.KV_ops_alerts', undefined, { timeout: 10_000 })
  return reply.json<{ state: { bytes: number } }>().state.bytes
}

function publishBreach(admin: Connection, host: string): void {
  const nowMs = Date.now()
  const id = newId(nowMs)
  const values = Object.fromEntries(fields.map((field) => [field, 1000]))
  const event = { v: 1, id, time: isoTime(nowMs), host, source: `collector@${host}`, correlation_id: id, group: 'load', fields: values }
  admin.publish(`ops.metric.${host}.load`, JSON.stringify(event))
}

function alerterSection(): object {
  const rules = fields.map((field) => [`high-${field.replaceAll('_', '-')}`, { metric: `load.${field}`, above: 100, hosts: ['many-*'] }])
  return {
    default_rules: false,
    max_alerts: 200_000,
    // Each host is heard once.
    presence: { hosts: ['bench-1'] },
    rules: { ...Object.fromEntries(rules), [canary]: { metric: 'load.load1', above: { critical: 100 }, hosts: [canary] } },
    channels: { log: { kind: 'log' } },
  }
}
