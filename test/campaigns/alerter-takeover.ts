import { setTimeout as delay } from 'node:timers/promises'
import { AlerterScene } from './alerter-scene.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { waitUntil } from './service-process.ts'

const kills = 5
const replicas = ['a', 'b'] as const
const maxStarts = 3
const hosts = Array.from({ length: 8 }, (_, index) => `web-${index}`)
const maxTakeoverMs = 5000

/** Two replicas with two shards, of which one is killed with -9 again and again: how long until the other speaks for its hosts. */
export const alerterTakeover: Campaign = {
  name: 'alerter-takeover',
  summary: `two alerters with two shards, one of them killed with -9, ${kills} times; the other must go on within ${maxTakeoverMs / 1000} s`,
  run: runCampaign,
}

async function runCampaign({ folder, random, say }: CampaignContext): Promise<Outcome> {
  const scene = await AlerterScene.open(folder, random, 2)
  const takeoversMs: number[] = []
  try {
    await startBoth(scene)
    for (let kill = 0; kill < kills; kill++) {
      const victim = random() < 0.5 ? 'a' : 'b'
      const survivor = victim === 'a' ? 'b' : 'a'
      await delay(random() * 6000)
      await scene.kill(victim)
      const killedMs = performance.now()
      for (const each of hosts) await scene.flip(each, 'web')
      takeoversMs.push((await scene.allSaidMs(20_000)) - killedMs)
      say(`kill ${kill + 1}: ${Math.round(takeoversMs.at(-1) ?? 0)} ms until all is said`)
      // A replica gives shards away only when it ends. So that each has one again, the survivor is ended cleanly, and both start.
      await scene.replicas.get(survivor)?.kill('SIGTERM')
      await startBoth(scene)
    }
    const violations = await scene.judge(30_000)
    const slow = takeoversMs.filter((ms) => ms >= maxTakeoverMs)
    if (slow.length > 0) violations.push(`${slow.length} takeovers took ${maxTakeoverMs} ms or more: ${slow.map(Math.round).join(', ')}`)
    const sorted = takeoversMs.toSorted((a, b) => a - b)
    const facts = {
      kills,
      min_ms: Math.round(sorted[0] ?? 0),
      median_ms: Math.round(sorted[sorted.length >> 1] ?? 0),
      max_ms: Math.round(sorted.at(-1) ?? 0),
    }
    return {
      facts: { ...facts, transitions: scene.expected.length, heard: scene.receiver.taken.length, repeated: scene.copies },
      violations,
    }
  } finally {
    await scene.close()
  }
}

/** Starts both until each has a shard: on a busy machine one may come so late that the other has taken both. */
async function startBoth(scene: AlerterScene): Promise<void> {
  for (let tries = 1; ; tries++) {
    for (const replica of replicas) scene.start(replica)
    await Promise.all(replicas.map(async (replica) => await waitUntil('both have started', () => scene.isConnected(replica), 20_000)))
    const isFair = async (): Promise<boolean> => (await scene.owners()).toSorted().join() === replicas.join()
    const failure = await waitUntil('each has a shard', isFair, 10_000).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure === undefined) break
    if (tries === maxStarts) throw failure
    await Promise.all(replicas.map(async (replica) => await scene.replicas.get(replica)?.kill('SIGTERM')))
  }
  await Promise.all(replicas.map(async (replica) => await scene.untilAtWork(replica)))
}
