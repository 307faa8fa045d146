import {
  alertmanagerObstacle,
  prometheusObstacle,
  startAlertmanager,
  startPrometheus,
  type PeerServer,
} from '@nightshift/test-servers/prometheus'
import { startFlippingTarget } from '@nightshift/test-servers/flipping-target'
import { startWebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { measureGauge, startGaugePage, threshold } from '../alerter/measure-gauge.ts'
import { measureSilence } from '../alerter/measure-silence.ts'
import { startBroker } from '../bench-broker.ts'
import type { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { measureAlerts } from '../latency/measure-alerts.ts'
import { measureWebhooks } from '../latency/measure-webhooks.ts'
import { endAll, startServices, type ServiceOptions } from '../measured-services.ts'
import { percentile } from '../percentiles.ts'
import { CostMeter } from '../process-cost.ts'

const host = 'bench-1'
const watchedHost = 'bench-fake'
const crossings = 200
const steps = 20
const silences = 10
/** Both sides look once a second. */
const everyMs = 1000
/** Ours once more, at the cadence for those who want to know sooner. */
const fastEveryMs = 250
const fastSteps = 12
const failures = 12

/** How soon people hear, beside a Prometheus and an Alertmanager that look as often at the same gauge. */
export const alerter: Benchmark = {
  name: 'alerter',
  summary: `metric to alert event (${crossings}), a gauge that steps over its threshold to webhook beside Prometheus and Alertmanager (${steps}), and a check that fails (${failures})`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const missing = [prometheusObstacle(), alertmanagerObstacle()].filter((obstacle) => obstacle !== undefined)
  for (const obstacle of missing) say(`skipped: the peers: ${obstacle}`)
  const broker = await startBroker()
  const [page, fastPage, target, ours, theirs] = await Promise.all([
    startGaugePage(),
    startGaugePage(),
    startFlippingTarget(),
    startWebhookReceiver(),
    startWebhookReceiver(),
  ])
  const peers: PeerServer[] = []
  const optionsFor = (everyMs: number, address: string): ServiceOptions => {
    const sections = sectionsOf({ address, everyMs, targetUrl: target.url, webhookUrl: ours.url })
    return { folder, host, natsUrl: broker.server.url, sections }
  }
  const processes = await startServices(['alerter', 'collector'], optionsFor(everyMs, page.address), signal)
  try {
    say(`${crossings} times a metric crosses its threshold`)
    const { admin } = broker
    const alerts = await measureAlerts({ admin, host: watchedHost, rule: 'crossing', count: crossings, signal })
    if (missing.length === 0) {
      const alertmanager = await startAlertmanager(theirs.url)
      peers.push(alertmanager)
      const rules = [{ alert: 'QueueIsLong', expr: `queue_length > ${threshold}` }]
      peers.push(
        await startPrometheus({ targets: [page.address], rules, alertmanager: alertmanager.address, everySeconds: everyMs / 1000 }),
      )
    }
    say(`${steps} times a gauge that is read once a second steps over its threshold`)
    const gauge = await withCost(processes[1], () =>
      measureGauge({ page, ours, theirs: missing.length === 0 ? theirs : ours, steps, firstStep: 0, signal }),
    )
    say(`${silences} silences come and go`)
    const silenced = await measureSilence({ admin, rule: 'queue-long', count: silences })
    say(`${fastSteps} times one that is read every ${fastEveryMs} ms, and a check at the same cadence that fails ${failures} times`)
    await processes[1]?.end()
    processes.push(...(await startServices(['collector'], optionsFor(fastEveryMs, fastPage.address), signal)))
    const fast = await withCost(processes[2], () =>
      measureGauge({ page: fastPage, ours, theirs: ours, steps: fastSteps, firstStep: steps + 1, signal }),
    )
    const checked = { host, check: 'target', target, receiver: ours, everyMs: fastEveryMs, count: failures }
    const failing = await measureWebhooks({ admin, signal, ...checked })
    return {
      ...inMs('metric_to_alert', alerts),
      ...inMs('gauge_to_webhook', gauge.result.ours, missing.length === 0 ? gauge.result.theirs : undefined),
      collector_cpu: { value: gauge.cpuPercent, unit: '% of a core' },
      ...inMs('gauge_to_webhook_at_250_ms', fast.result.ours),
      collector_cpu_at_250_ms: { value: fast.cpuPercent, unit: '% of a core' },
      ...inMs('failing_check_to_webhook_at_250_ms', failing.fromFailure),
      ...inMs('health_to_webhook', failing.fromTransition),
      // A step is seen by the next look: half the cadence away on average, a whole one at worst.
      gauge_to_webhook_floor_p50: { value: everyMs / 2, unit: 'ms' },
      gauge_to_webhook_floor_max: { value: everyMs, unit: 'ms' },
      ...inMs('silence_visible', silenced),
    }
  } finally {
    await endAll(processes)
    await Promise.all([...peers, page, fastPage, target, ours, theirs].map(async (server) => await server.stop()))
    await broker.stop()
  }
}

/** What comes of it, and what the process costs meanwhile. */
async function withCost<T>(process: BenchProcess | undefined, work: () => Promise<T>): Promise<{ result: T; cpuPercent: number }> {
  if (process === undefined) throw new Error('the collector did not start')
  const [meter, startedMs] = [new CostMeter(process.pid), performance.now()]
  const result = await work()
  return { result, cpuPercent: meter.read((performance.now() - startedMs) / 1000).cpuPercent }
}

interface Scene {
  readonly address: string
  readonly everyMs: number
  readonly targetUrl: string
  readonly webhookUrl: string
}

function sectionsOf({ address, everyMs: cadenceMs, targetUrl, webhookUrl }: Scene): Record<string, unknown> {
  const every = `${cadenceMs}ms`
  return {
    collector: {
      scrape: { shop: { url: `http://${address}/metrics`, every } },
      checks: { target: { kind: 'http', url: targetUrl, every, timeout: '200ms', failures: 1, successes: 1 } },
    },
    alerter: {
      default_rules: false,
      rules: {
        crossing: { metric: 'cpu.usage_ratio', above: '90%', hosts: [watchedHost], channels: ['log'] },
        'target-down': { check: 'target', severity: 'critical', channels: ['hook'] },
        'queue-long': { metric: 'app_shop.queue_length', above: threshold, channels: ['hook'] },
      },
      channels: { log: { kind: 'log' }, hook: { kind: 'webhook', url: webhookUrl } },
      flapping: { enabled: false },
      route: { group_by: ['alert'] },
    },
  }
}

function inMs(name: string, samples: readonly number[], peers?: readonly number[]): Record<string, Figure> {
  const figure = (percent: number): Figure => {
    const value = percentile(samples, percent)
    const peer = peers && percentile(peers, percent)
    return { value, unit: 'ms', ...(peer !== undefined && { peer, ratio: value / peer }) }
  }
  return { [`${name}_p50`]: figure(50), [`${name}_p99`]: figure(99), [`${name}_max`]: figure(100) }
}
