import { setTimeout as delay } from 'node:timers/promises'
import { AlerterScene } from './alerter-scene.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { waitUntil } from './service-process.ts'

const kills = 5
const host = 'hub'
const checks = 12
const moodiness = 0.4

/**
 * The alerter is killed with -9 at random moments while checks turn round and the webhook fails, throttles, hangs and cuts; now and then
 * the broker is killed too. Nothing may be lost, nothing said twice, and no message heard more than twice.
 */
export const alerterKill: Campaign = {
  name: 'alerter-kill',
  summary: `the alerter killed with -9 ${kills} times while checks flip and the webhook fails, throttles, hangs; the broker killed too`,
  run: runCampaign,
}

async function runCampaign({ folder, random, say }: CampaignContext): Promise<Outcome> {
  const scene = await AlerterScene.open(folder, random)
  let brokerKills = 0
  try {
    scene.start(host)
    await scene.flip('canary', 'web')
    await waitUntil('the first alert is heard', () => scene.receiver.taken.length > 0, 20_000)
    scene.receiver.moodiness = moodiness
    for (let kill = 0; kill < kills; kill++) {
      // Mostly it is at work when it is killed; sometimes it has no time to come up.
      if (random() < 0.7) await scene.untilAtWork(host)
      const killed = delay(random() * 800).then(async () => await scene.kill(host))
      const flips = Math.floor(random() * 25) + 5
      for (let flip = 0; flip < flips; flip++) {
        await scene.flip(`web-${Math.floor(random() * 4)}`, `check-${Math.floor(random() * checks)}`)
        if (random() < 0.3) await delay(random() * 60)
      }
      await killed
      if (random() < 0.2) {
        brokerKills++
        await scene.server.kill('SIGKILL')
        await scene.server.restart()
      }
      scene.start(host)
    }
    say(`${kills} kills, ${scene.expected.length} transitions; waiting until all is heard`)
    await scene.untilAtWork(host)
    await delay(1000)
    const violations = await scene.judge(45_000)
    const { receiver, expected } = scene
    return {
      facts: {
        kills,
        broker_kills: brokerKills,
        transitions: expected.length,
        heard: receiver.taken.length,
        repeated: scene.copies,
        refused: receiver.refused,
      },
      violations,
    }
  } finally {
    await scene.close()
  }
}
