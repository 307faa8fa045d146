import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { startNats } from '@nightshift/test-servers/nats'
import { startFlippingTarget, type FlippingTarget } from '@nightshift/test-servers/flipping-target'
import { startWebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { startDeafProxy } from './deaf-proxy.ts'
import { campaignHost, startLoneServices, type LoneServices } from './lone-services.ts'
import { readStream, withoutCopies } from './read-stream.ts'
import { waitUntil } from './service-process.ts'
import { judgeAlerts, judgeTransitions } from './verdict.ts'

const maxGrowthBytes = 32 * 1024 * 1024

/**
 * Four services alone on a broker that is killed with -9 and stays away while a check flips. Before that one publish is stored whose
 * acknowledgement is lost. Not a transition may be lost or handled twice, no alert may resolve without cause, METRICS must fill again.
 */
export function brokerAwayFor(seconds: number): Campaign {
  return {
    name: `broker-away-${seconds}s`,
    summary: `services alone, the broker killed and away for ${seconds} s while a check flips`,
    run: (context) => runCampaign(context, seconds),
  }
}

async function runCampaign(context: CampaignContext, awaySeconds: number): Promise<Outcome> {
  const { random, say } = context
  const server = await startNats()
  const admin = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 200 })
  await bootstrap(admin, baseConfigSchema.parse({}).streams)
  const proxy = await startDeafProxy(server.port)
  const target = await startFlippingTarget()
  const receiver = await startWebhookReceiver()
  let services: LoneServices | undefined
  try {
    services = await startLoneServices({
      folder: context.folder,
      natsUrl: (service) => (service === 'collector' ? `nats://127.0.0.1:${proxy.port}` : server.url),
      targetUrl: target.url,
      webhookUrl: receiver.url,
    })
    const { processes, healedRuns } = services
    let flips = 0
    const flipFor = async (ms: number): Promise<void> => {
      const end = performance.now() + ms
      while (performance.now() < end) {
        await holdUntilSeen(target)
        target.flip()
        flips++
        await holdUntilSeen(target)
        await delay(500 + random() * 2500)
      }
    }
    await waitUntil(
      'the first transition is stored',
      async () => (await readStream(admin, 'EVENTS', `ops.health.${campaignHost}.target`)).length > 0,
      20_000,
    )
    const rssBefore = processes.map((process) => process.rssBytes())
    say('flipping with the broker there')
    await flipFor(6000)

    say('the collector stops hearing the broker: what it publishes is stored, the acknowledgement is lost')
    proxy.isDeaf = true
    await flipFor(3000)
    say(`kill -9 of the broker; away for ${awaySeconds} s`)
    await server.kill('SIGKILL')
    proxy.cut()
    proxy.isDeaf = false
    await flipFor(awaySeconds * 1000)
    const growth = processes.map((process, index) => process.rssBytes() - (rssBefore[index] ?? 0))

    say('the broker is back')
    const backMs = Date.now()
    await server.restart()
    await flipFor(6000)
    if (!target.isUp) {
      await holdUntilSeen(target)
      target.flip()
      flips++
    }
    const expected = flips + 1
    await waitUntil(
      `all ${expected} transitions are stored`,
      async () => withoutCopies(await readStream(admin, 'EVENTS', `ops.health.${campaignHost}.target`)).length >= expected,
      60_000,
    ).catch(() => undefined)
    await delay(15_000)

    const health = await readStream(admin, 'EVENTS', `ops.health.${campaignHost}.target`)
    const alerts = await readStream(admin, 'EVENTS', `ops.alert.${campaignHost}.target-down.*`)
    const heals = await readStream(admin, 'EVENTS', `ops.heal.${campaignHost}.note-target.*`)
    const metrics = await readStream(admin, 'METRICS', `ops.metric.${campaignHost}.cpu`)
    const fresh = metrics.filter(({ event }) => Date.parse(event.time) > backMs).length
    const replayed = metrics.filter(
      ({ event }) => Date.parse(event.time) <= backMs && Date.parse(event.time) > backMs - awaySeconds * 1000,
    ).length
    const acted = heals.filter(({ event }) => event['phase'] === 'acting')
    const runs = healedRuns()
    const violations = [
      ...judgeTransitions(health, flips),
      ...judgeAlerts(health, alerts, receiver.receipts),
      ...(runs.length === new Set(runs).size ? [] : [`the playbook's command ran ${runs.length} times for ${new Set(runs).size} runs`]),
      ...(runs.length === withoutCopies(acted).length
        ? []
        : [`${runs.length} commands ran, ${withoutCopies(acted).length} were announced`]),
      ...(fresh > 5 ? [] : [`METRICS did not fill again: ${fresh} cpu messages since the broker is back`]),
      ...processes.flatMap((process, index) =>
        (growth[index] ?? 0) < maxGrowthBytes
          ? []
          : [`${process.name} grew by ${mebibytes(growth[index] ?? 0)} MiB while the broker was away`],
      ),
    ]
    return {
      facts: {
        server: server.version,
        flips,
        transitions_stored: health.length,
        copies_past_the_window: health.length - withoutCopies(health).length,
        alert_events: withoutCopies(alerts).length,
        webhooks: receiver.receipts.length,
        heals: runs.length,
        metrics_replayed: replayed,
        growth_mib: growth.map(mebibytes).join('/'),
      },
      violations,
    }
  } finally {
    await services?.stop()
    await Promise.all([target.stop(), receiver.stop(), proxy.stop(), admin.close()])
    await server.stop()
  }
}

/** A flip counts only when a probe has seen the state before it, and one after it will. */
async function holdUntilSeen(target: FlippingTarget): Promise<void> {
  await waitUntil('the check probes its target', () => target.answersSinceFlip >= 2, 10_000)
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}
