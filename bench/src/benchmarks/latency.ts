import { startFlippingTarget, type FlippingTarget } from '@nightshift/test-servers/flipping-target'
import { startWebhookReceiver, type WebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { startBroker, type BenchBroker } from '../bench-broker.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { measureAlerts } from '../latency/measure-alerts.ts'
import { measureHeals } from '../latency/measure-heals.ts'
import { measureWebhooks } from '../latency/measure-webhooks.ts'
import { endAll, startServices } from '../measured-services.ts'
import { percentile } from '../percentiles.ts'

const crossings = 300
const failures = 30
/** The healer admits no more than 30 actions in a minute, and no target more than 6 in a day: one playbook for each heal. */
const heals = 30
const checkEveryMs = 250
const host = 'bench-1'
const watchedHost = 'bench-fake'

/** How long a breach takes to become an alert, a message and a heal: services in processes of their own, on a real broker. */
export const latency: Benchmark = {
  name: 'latency',
  summary: `metric to alert event (${crossings}), failing target to webhook (${failures}), failing check to heal (${heals})`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const broker = await startBroker()
  context.say(`nats-server ${broker.server.version}`)
  const receiver = await startWebhookReceiver()
  const target = await startFlippingTarget()
  const healed = await Promise.all(Array.from({ length: heals }, () => startFlippingTarget()))
  try {
    return await measureOn(context, { broker, receiver, target, healed })
  } finally {
    await Promise.all([receiver, target, ...healed].map((server) => server.stop()))
    await broker.stop()
  }
}

interface Scene {
  broker: BenchBroker
  receiver: WebhookReceiver
  target: FlippingTarget
  healed: readonly FlippingTarget[]
}

async function measureOn({ folder, signal, say }: BenchmarkContext, scene: Scene): Promise<Record<string, Figure>> {
  const { broker, receiver, target, healed } = scene
  const { admin, server } = broker
  const options = { folder, host, natsUrl: server.url, sections: sectionsOf(scene) }
  const processes = await startServices(['alerter', 'healer', 'collector'], options, signal)
  try {
    say(`${crossings} times a metric crosses its threshold`)
    const alerts = await measureAlerts({ admin, host: watchedHost, rule: 'crossing', count: crossings, signal })
    say(`${failures} times a target that is checked every ${checkEveryMs} ms starts to fail`)
    const webhooks = await measureWebhooks({
      admin,
      host,
      check: 'target',
      target,
      receiver,
      everyMs: checkEveryMs,
      count: failures,
      signal,
    })
    say(`${heals} times a check with a playbook fails`)
    const healTimes = await measureHeals({ admin, host, targets: healed, signal })
    return {
      ...inMs('metric_to_alert', alerts),
      ...inMs('failing_to_webhook', webhooks.fromFailure),
      // A failure is seen by the next probe: half the cadence away on average, a whole one at worst.
      failing_to_webhook_floor_p50: { value: checkEveryMs / 2, unit: 'ms' },
      failing_to_webhook_floor_max: { value: checkEveryMs, unit: 'ms' },
      ...inMs('health_to_webhook', webhooks.fromTransition),
      ...inMs('health_to_diagnosing', healTimes.toDiagnosing),
      ...inMs('health_to_acting', healTimes.toActing),
    }
  } finally {
    await endAll(processes)
  }
}

function sectionsOf({ receiver, target, healed }: Scene): Record<string, unknown> {
  const check = (url: string, every: string) => ({ kind: 'http', url, every, timeout: '200ms', failures: 1, successes: 1 })
  return {
    collector: {
      checks: {
        target: check(target.url, `${checkEveryMs}ms`),
        ...Object.fromEntries(healed.map(({ url }, index) => [`healed-${index}`, check(url, '2s')])),
      },
    },
    alerter: {
      default_rules: false,
      rules: {
        crossing: { metric: 'cpu.usage_ratio', above: '90%', hosts: [watchedHost], channels: ['log'] },
        'target-down': { check: 'target', severity: 'critical', channels: ['hook'] },
      },
      channels: { log: { kind: 'log' }, hook: { kind: 'webhook', url: receiver.url } },
      // What goes up and down thirty times is what is measured.
      flapping: { enabled: false },
    },
    healer: {
      rate: { actions: heals, per: '1m' },
      playbooks: Object.fromEntries(healed.map((_, index) => [`heal-${index}`, playbookFor(`healed-${index}`)])),
    },
  }
}

function playbookFor(check: string): object {
  return { when: { check }, run: ['/bin/true'], mode: 'auto', verify: { passes: 1, within: '5s', every: '300ms' } }
}

function inMs(name: string, samples: readonly number[]): Record<string, Figure> {
  const figure = (percent: number): Figure => ({ value: percentile(samples, percent), unit: 'ms' })
  return { [`${name}_p50`]: figure(50), [`${name}_p99`]: figure(99), [`${name}_max`]: figure(100) }
}
