import { setTimeout as delay } from 'node:timers/promises'
import { Cast } from './alerter/cast.ts'
import { conclude } from './alerter/conclude.ts'
import { CrashBed } from './alerter/crash-bed.ts'
import { perform, raise } from './alerter/troupe.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'

const defaultKills = 20
const brokerKillShare = 0.02
const longestLifeMs = 1400

/**
 * The alerter is killed with -9 at random moments, one broker all along, which is killed too now and then, while alerts begin, change, end
 * and flap, and two webhooks, Slack and a mail server fail, throttle, hang and cut. Nothing may be lost, and nothing come more than twice.
 */
export const alerterKill: Campaign = {
  name: 'alerter-kill',
  summary: `the alerter killed with -9 --kills times (${defaultKills}) while alerts change and webhooks, Slack and mail fail; the broker too`,
  run: runCampaign,
}

async function runCampaign({ folder, random, kills = defaultKills, say }: CampaignContext): Promise<Outcome> {
  const bed = await CrashBed.open({ folder, random })
  const cast = new Cast(bed, random)
  let brokerKills = 0
  try {
    await raise(bed, cast)
    const startedMs = performance.now()
    const ending = new AbortController()
    const performing = perform(ending.signal, bed, cast, random)
    for (let kill = 1; kill <= kills; kill++) {
      // Mostly it is at work when it is killed; sometimes it has no time to come up.
      if (random() < 0.7) await bed.untilAtWork()
      await delay(random() * longestLifeMs)
      await bed.kill()
      if (random() < brokerKillShare) {
        brokerKills++
        await bed.killBroker()
      }
      bed.start()
      if (kill % 10 === 0) await bed.said()
      if (kill % 50 === 0)
        say(`${kill} kills in ${seconds(startedMs)} s, ${cast.stepCount} steps, ${bed.hook.taken.length} messages on one webhook`)
    }
    ending.abort()
    await performing
    const tookSeconds = seconds(startedMs)
    say(`${kills} kills in ${tookSeconds} s, ${cast.stepCount} steps; waiting until all is heard`)
    const outcome = await conclude(bed, cast)
    const facts = { server: bed.server.version, kills, broker_kills: brokerKills, seconds_per_kill: (tookSeconds / kills).toFixed(2) }
    return { ...outcome, facts: { ...facts, ...outcome.facts } }
  } finally {
    await bed.close()
  }
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1000)
}
