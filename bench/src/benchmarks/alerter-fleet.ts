import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { filterSubject } from '@nightshift/shared/subjects'
import { freePort } from '@nightshift/test-servers/nats'
import { prometheusObstacle, startPrometheus, type PeerServer } from '@nightshift/test-servers/prometheus'
import { breach, groupNames, groups, hostName, thresholds, tickMs } from '../alerter/fleet.ts'
import { Arrivals } from '../arrivals.ts'
import { startBroker, type BenchBroker, type Connection } from '../bench-broker.ts'
import { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { endAll, startServices } from '../measured-services.ts'
import { percentile } from '../percentiles.ts'
import { CostMeter } from '../process-cost.ts'
import { besidePeer } from '../report.ts'
import { waitUntil } from '../wait-until.ts'

/** The goal is for 10,000; a quarter of it is what a machine can carry that also has to make up the fleet. */
const hosts = Number(process.env['BENCH_HOSTS'] ?? 2500)
const exporterPorts = 10
const settleMs = 2 * tickMs
const windowMs = 3 * tickMs
const samples = 40
const readyDeadlineMs = 30_000
/** Alerts that fire at once in the last part. */
const activeAlerts = Number(process.env['BENCH_ALERTS'] ?? 6000)
const storedDeadlineMs = activeAlerts * 10
const mebibyte = 1024 ** 2

/** What a fleet costs the alerter and the broker, beside a Prometheus that has the same values and the same rules. */
export const alerterFleet: Benchmark = {
  name: 'alerter-fleet',
  summary: `${hosts} hosts with 20 metrics every ${tickMs / 1000} s and ${thresholds.length} rules for ${windowMs / 1000} s, beside Prometheus; ${activeAlerts} alerts at once`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const broker = await startBroker()
  const processes: BenchProcess[] = []
  let peer: PeerServer | undefined
  try {
    const options = { folder, host: 'bench-1', natsUrl: broker.server.url, sections: { alerter: alerterSection() } }
    const [alerter] = await startServices(['alerter'], options, signal)
    if (alerter === undefined) throw new Error('the alerter did not start')
    processes.push(alerter)
    const run = async (name: string, args: readonly string[], ready: RegExp): Promise<void> => {
      const own = join(folder, name)
      mkdirSync(own, { recursive: true })
      const started = new BenchProcess(name, process.execPath, [join(repositoryRoot, `bench/src/alerter/${name}.ts`), ...args], own)
      processes.push(started)
      await started.until(ready, readyDeadlineMs, signal)
    }
    const rssBefore = new CostMeter(alerter.pid).read(1).rssBytes
    await run('fleet-publisher', [broker.server.url, String(hosts)], /publishing/)
    const obstacle = prometheusObstacle()
    if (obstacle === undefined) {
      const ports = await Promise.all(Array.from({ length: exporterPorts }, async () => await freePort()))
      await run('fleet-exporter', [ports.join(), String(hosts)], /exporting/)
      const targets = ports.map((port) => `127.0.0.1:${port}`)
      const rules = thresholds.map(({ group, field, above }) => ({
        alert: `${group}_${field}_${above}`,
        expr: `${group}_${field} > ${above}`,
      }))
      peer = await startPrometheus({ targets, rules, alertmanager: '127.0.0.1:9', everySeconds: tickMs / 1000 })
    } else say(`skipped: the peer: ${obstacle}`)
    say(`${hosts} hosts, ${(hosts * groupNames.length * 1000) / tickMs} messages a second; settling for ${settleMs / 1000} s`)
    await delay(settleMs, undefined, { signal })
    const steady = await measureSteady(context, { broker, alerterPid: alerter.pid, peer })
    await Promise.all([peer?.stop(), ...processes.slice(1).map((process) => process.end())])
    peer = undefined
    say(`${activeAlerts} alerts at once`)
    const active = await measureActive(context, broker, alerter.pid)
    return { hosts: { value: hosts, unit: '1' }, alerter_idle_rss: { value: rssBefore / mebibyte, unit: 'MiB' }, ...steady, ...active }
  } finally {
    await endAll(processes)
    await peer?.stop()
    await broker.stop()
  }
}

interface Scene {
  readonly broker: BenchBroker
  readonly alerterPid: number
  readonly peer: PeerServer | undefined
}

async function measureSteady({ signal }: BenchmarkContext, { broker, alerterPid, peer }: Scene): Promise<Record<string, Figure>> {
  const { admin, server } = broker
  const fired = new Arrivals(admin, filterSubject('alert', {}))
  await fired.ready()
  const pids = [alerterPid, server.pid, ...(peer === undefined ? [] : [peer.pid])]
  const { last_seq: storedBefore } = await stateOf(admin, 'METRICS')
  const meters = pids.map((pid) => new CostMeter(pid))
  const startedMs = performance.now()
  const latenciesMs: number[] = []
  for (let sample = 0; sample < samples; sample++) {
    const host = `canary-${sample}`
    const arrival = fired.next(({ event }) => event['host'] === host && event['phase'] === 'firing', readyDeadlineMs, signal)
    const publishedMs = performance.now()
    publishBreach(admin, host)
    latenciesMs.push((await arrival).atMs - publishedMs)
    await delay(windowMs / samples, undefined, { signal })
  }
  const seconds = (performance.now() - startedMs) / 1000
  const perSecond = ((await stateOf(admin, 'METRICS')).last_seq - storedBefore) / seconds
  const [alerter, nats, theirs] = meters.map((meter) => meter.read(seconds))
  if (alerter === undefined || nats === undefined) throw new Error('nothing was measured')
  const cpu = (percent: number): Figure => ({ value: percent, unit: '% of a core' })
  const rss = (bytes: number): Figure => ({ value: bytes / mebibyte, unit: 'MiB' })
  const both = { cpu: cpu(alerter.cpuPercent + nats.cpuPercent), rss: rss(alerter.rssBytes + nats.rssBytes) }
  return {
    messages_per_second: { value: perSecond, unit: '1/s' },
    alerter_cpu: cpu(alerter.cpuPercent),
    alerter_rss: rss(alerter.rssBytes),
    nats_cpu: cpu(nats.cpuPercent),
    nats_rss: rss(nats.rssBytes),
    both_cpu: theirs === undefined ? both.cpu : besidePeer(both.cpu, theirs.cpuPercent),
    both_rss: theirs === undefined ? both.rss : besidePeer(both.rss, theirs.rssBytes / mebibyte),
    sample_to_alert_p50: { value: percentile(latenciesMs, 50), unit: 'ms' },
    sample_to_alert_max: { value: percentile(latenciesMs, 100), unit: 'ms' },
  }
}

async function stateOf(admin: Connection, stream: string): Promise<{ last_seq: number; bytes: number }> {
  const reply = await admin.request(`$JS.API.STREAM.INFO.${stream}`, undefined, { timeout: readyDeadlineMs })
  return reply.json<{ state: { last_seq: number; bytes: number } }>().state
}

/** Hosts that break a few rules each: how long until all alerts are stored and told, and what they cost. */
async function measureActive({ signal }: BenchmarkContext, broker: BenchBroker, pid: number): Promise<Record<string, Figure>> {
  const before = new CostMeter(pid).read(1).rssBytes
  const stored = await stateOf(broker.admin, 'KV_ops_alerts')
  const fired = new Arrivals(broker.admin, filterSubject('alert', {}))
  await fired.ready()
  const startedMs = performance.now()
  const rules = thresholds.filter(({ group, field }) => group === 'load' && field === 'load1').length
  for (let number = 0; number < activeAlerts / rules; number++) publishBreach(broker.admin, hostName(number))
  await waitUntil('all alerts are told', () => fired.count >= Math.floor(activeAlerts / rules) * rules, storedDeadlineMs, signal)
  const tookMs = performance.now() - startedMs
  const grownBytes = new CostMeter(pid).read(1).rssBytes - before
  return {
    active_alerts: { value: fired.count, unit: '1' },
    active_alerts_per_second: { value: (fired.count * 1000) / tookMs, unit: '1/s' },
    stored_per_active_alert: {
      value: ((await stateOf(broker.admin, 'KV_ops_alerts')).bytes - stored.bytes) / fired.count / 1024,
      unit: 'KiB',
    },
    rss_per_active_alert: { value: grownBytes / fired.count / 1024, unit: 'KiB' },
  }
}

function publishBreach(admin: Connection, host: string): void {
  const nowMs = Date.now()
  const id = newId(nowMs)
  const fields = { ...Object.fromEntries(groups.load.map((field) => [field, 0.5])), load1: breach }
  const event = { v: 1, id, time: isoTime(nowMs), host, source: `collector@${host}`, correlation_id: id, group: 'load', fields }
  admin.publish(`ops.metric.${host}.load`, JSON.stringify(event))
}

function alerterSection(): object {
  const rules = thresholds.map(({ group, field, above }, index) => [`rule-${index}`, { metric: `${group}.${field}`, above }])
  return {
    default_rules: false,
    max_alerts: 200_000,
    rules: Object.fromEntries(rules),
    channels: { log: { kind: 'log' } },
  }
}
