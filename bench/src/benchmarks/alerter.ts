import {
  alertmanagerObstacle,
  prometheusObstacle,
  startAlertmanager,
  startPrometheus,
  type PeerServer,
} from '@nightshift/test-servers/prometheus'
import { startWebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { measureGauge, startGaugePage, threshold } from '../alerter/measure-gauge.ts'
import { measureSilence } from '../alerter/measure-silence.ts'
import { startBroker } from '../bench-broker.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { measureAlerts } from '../latency/measure-alerts.ts'
import { endAll, startServices } from '../measured-services.ts'
import { percentile } from '../percentiles.ts'

const host = 'bench-1'
const watchedHost = 'bench-fake'
const crossings = 200
const steps = 20
const silences = 10
/** Both sides look once a second. */
const everyMs = 1000

/** How soon people hear, beside a Prometheus and an Alertmanager that look as often at the same gauge. */
export const alerter: Benchmark = {
  name: 'alerter',
  summary: `metric to alert event (${crossings}), a gauge that steps over its threshold to webhook beside Prometheus and Alertmanager (${steps})`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const missing = [prometheusObstacle(), alertmanagerObstacle()].filter((obstacle) => obstacle !== undefined)
  for (const obstacle of missing) say(`skipped: the peers: ${obstacle}`)
  const broker = await startBroker()
  const [page, ours, theirs] = await Promise.all([startGaugePage(), startWebhookReceiver(), startWebhookReceiver()])
  const peers: PeerServer[] = []
  const options = { folder, host, natsUrl: broker.server.url, sections: sectionsOf(page.address, ours.url) }
  const processes = await startServices(['alerter', 'collector'], options, signal)
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
    const gauge = await measureGauge({ page, ours, theirs: missing.length === 0 ? theirs : ours, steps, signal })
    say(`${silences} silences come and go`)
    const silenced = await measureSilence({ admin, rule: 'queue-long', count: silences })
    return {
      ...inMs('metric_to_alert', alerts),
      ...inMs('gauge_to_webhook', gauge.ours, missing.length === 0 ? gauge.theirs : undefined),
      // A step is seen by the next look: half the cadence away on average, a whole one at worst.
      gauge_to_webhook_floor_p50: { value: everyMs / 2, unit: 'ms' },
      gauge_to_webhook_floor_max: { value: everyMs, unit: 'ms' },
      ...inMs('silence_visible', silenced),
    }
  } finally {
    await endAll(processes)
    await Promise.all([...peers, page, ours, theirs].map(async (server) => await server.stop()))
    await broker.stop()
  }
}

function sectionsOf(address: string, webhookUrl: string): Record<string, unknown> {
  return {
    collector: { scrape: { shop: { url: `http://${address}/metrics`, every: `${everyMs}ms` } } },
    alerter: {
      default_rules: false,
      rules: {
        crossing: { metric: 'cpu.usage_ratio', above: '90%', hosts: [watchedHost], channels: ['log'] },
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
