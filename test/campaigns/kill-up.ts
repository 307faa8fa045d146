import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { identifyProcess } from '@nightshift/shared/service/process-identity'
import { stringify } from 'yaml'
import { startFlippingTarget } from '@nightshift/test-servers/flipping-target'
import { startWebhookReceiver } from '@nightshift/test-servers/webhook-receiver'
import { brokerPid, endAll, startUp, type UpProcess } from '../stories/up-process.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { readStream, withoutCopies, type StoredEvent } from './read-stream.ts'
import { waitUntil } from './service-process.ts'

const host = 'campaign-1'
const kills = 6

/**
 * `nightshift up` is killed with -9 again and again at random moments while a check flips. What was acknowledged stays, what the
 * services say afterwards agrees with the target, and there is never a second broker on the store.
 */
export const killUp: Campaign = {
  name: 'kill-up',
  summary: `nightshift up killed with -9 ${kills} times while a check flips`,
  run: runCampaign,
}

async function runCampaign(context: CampaignContext): Promise<Outcome> {
  const { random, say, folder } = context
  const target = await startFlippingTarget()
  const receiver = await startWebhookReceiver()
  const config = join(folder, 'nightshift.yaml')
  writeFileSync(config, stringify(configOf(target.url, receiver.url)))
  const violations: string[] = []
  let acknowledged: StoredEvent[] = []
  let up: UpProcess | undefined
  try {
    for (let kill = 0; kill < kills; kill++) {
      const startedMs = performance.now()
      up = await startUp(folder, ['--config', config])
      say(`start ${kill + 1} ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
      violations.push(...(await lost(up, acknowledged)))
      const end = performance.now() + 2000 + random() * 6000
      while (performance.now() < end) {
        await waitUntil('the check probes its target', () => target.answersSinceFlip >= 2, 15_000)
        target.flip()
        await delay(200 + random() * 1500)
      }
      acknowledged = await readEvents(up)
      const broker = brokerPid(folder)
      await up.end('SIGKILL')
      if (random() < 0.5) target.flip()
      await delay(random() * 1500)
      if (broker !== undefined && identifyProcess(broker) === undefined)
        violations.push('the broker ended with its parent: this campaign no longer tests an orphan')
    }
    up = await startUp(folder, ['--config', config])
    violations.push(...(await lost(up, acknowledged)))
    const running = up
    await waitUntil(
      'health agrees with the target',
      async () => last(await readEvents(running), 'health', 'state') === (target.isUp ? 'ok' : 'failing'),
      20_000,
    ).catch((error: unknown) => violations.push(String(error)))
    await waitUntil(
      'the alert agrees with the target',
      async () => last(await readEvents(running), 'alert', 'phase') === (target.isUp ? 'resolved' : 'firing'),
      20_000,
    ).catch((error: unknown) => violations.push(String(error)))
    await delay(3000)
    const events = withoutCopies(await readEvents(running))
    const phases = events
      .filter(({ subject }) => subject.startsWith(`ops.alert.`))
      .map(({ event }) => String(event['phase']))
      .filter((phase) => phase === 'firing' || phase === 'resolved')
    const states = events.filter(({ subject }) => subject.startsWith('ops.health.')).map(({ event }) => String(event['state']))
    const keys = receiver.receipts.map(({ key }) => key)
    violations.push(...notAlternating('transitions', states), ...notAlternating('alert events', phases))
    if (new Set(keys).size !== phases.length)
      violations.push(`${phases.length} alert events, but ${new Set(keys).size} different webhook messages`)
    return {
      facts: {
        kills,
        transitions: states.length,
        alert_events: phases.length,
        webhooks: keys.length,
        repeated_webhooks: keys.length - new Set(keys).size,
      },
      violations,
    }
  } finally {
    await up?.end('SIGTERM').catch(() => undefined)
    await endAll([folder])
    await Promise.all([target.stop(), receiver.stop()])
  }
}

async function readEvents(up: UpProcess): Promise<StoredEvent[]> {
  const connection = await connectUrl(up.run.nats_url)
  try {
    return [
      ...(await readStream(connection, 'EVENTS', `ops.health.${host}.target`)),
      ...(await readStream(connection, 'EVENTS', `ops.alert.${host}.target-down.*`)),
    ]
  } finally {
    await connection.close()
  }
}

async function lost(up: UpProcess, before: readonly StoredEvent[]): Promise<string[]> {
  const now = new Set((await readEvents(up)).map(({ event }) => event.id))
  const missing = before.filter(({ event }) => !now.has(event.id))
  return missing.length === 0 ? [] : [`${missing.length} acknowledged events are gone after kill -9`]
}

function last(events: readonly StoredEvent[], kind: string, field: string): unknown {
  return events.filter(({ subject }) => subject.startsWith(`ops.${kind}.`)).at(-1)?.event[field]
}

function notAlternating(what: string, states: readonly string[]): string[] {
  const at = states.findIndex((state, index) => index > 0 && state === states[index - 1])
  return at < 0 ? [] : [`${what} repeat ${states[at]} at number ${at + 1} of ${states.length}`]
}

function configOf(targetUrl: string, webhookUrl: string): object {
  return {
    host,
    collector: { checks: { target: { kind: 'http', url: targetUrl, every: '500ms', timeout: '400ms', failures: 1, successes: 1 } } },
    alerter: {
      default_rules: false,
      rules: { 'target-down': { check: 'target', severity: 'critical' } },
      channels: { hook: { kind: 'webhook', url: webhookUrl } },
      flapping: { enabled: false },
    },
  }
}
