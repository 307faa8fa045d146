import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Cast } from './alerter/cast.ts'
import { conclude } from './alerter/conclude.ts'
import { CrashBed } from './alerter/crash-bed.ts'
import { perform, raise } from './alerter/troupe.ts'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { waitUntil } from './service-process.ts'

const diskBytes = 96 * 1024 * 1024
const rounds = 3
const fullMs = 15_000
/** Several sources, each of which waits until what it tells is stored. */
const actors = 4
const filler = 'filler'

/**
 * The folder of the broker fills up and is emptied again while alerts change; in one round the alerter is killed meanwhile. A server that
 * switched JetStream off because of it is restarted, as its operator must. Nothing may be lost, and nothing come more than twice.
 */
export const alerterDiskFull: Campaign = {
  name: 'alerter-disk-full',
  summary: `the broker's disk full for ${fullMs / 1000} s, ${rounds} times, while alerts change and receivers fail (root only)`,
  run: runCampaign,
}

async function runCampaign({ folder, random, say }: CampaignContext): Promise<Outcome> {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const why = mountDisk(disk)
  if (why !== undefined) return skipped(why, say)
  try {
    const bed = await CrashBed.open({ folder, random, storeDir: join(disk, 'store') })
    try {
      if (/^2\.[0-9]\./.test(bed.server.version))
        return skipped(`nats-server ${bed.server.version} hangs on a full disk; name a newer one by NATS_SERVER`, say)
      return await runRounds(bed, { disk, random, say })
    } finally {
      await bed.close()
    }
  } finally {
    execFileSync('umount', ['--lazy', disk])
  }
}

async function runRounds(
  bed: CrashBed,
  { disk, random, say }: Pick<CampaignContext, 'random' | 'say'> & { disk: string },
): Promise<Outcome> {
  const cast = new Cast(bed, random)
  await raise(bed, cast)
  const ending = new AbortController()
  const performing = Promise.all(Array.from({ length: actors }, async () => await perform(ending.signal, bed, cast, random)))
  let restarts = 0
  for (let round = 1; round <= rounds; round++) {
    await delay(8000)
    const before = cast.stepCount
    fill(disk)
    bed.story.note('the disk is full')
    const isKilled = round === 2
    await delay(fullMs / 2)
    if (isKilled) {
      await bed.kill()
      bed.start()
    }
    await delay(fullMs / 2)
    const meanwhile = cast.stepCount - before
    rmSync(join(disk, filler))
    bed.story.note('the disk has room')
    const emptiedAt = cast.stepCount
    const goesOn = await waitUntil('the broker stores again', () => cast.stepCount > emptiedAt + actors, 15_000).then(
      () => true,
      () => false,
    )
    if (!goesOn) {
      restarts++
      await bed.killBroker()
    }
    say(
      `round ${round}: ${meanwhile} steps were stored while the disk was full; afterwards the broker ${goesOn ? 'went on' : 'had to be restarted'}`,
    )
  }
  await delay(8000)
  ending.abort()
  await performing
  const outcome = await conclude(bed, cast)
  return { ...outcome, facts: { server: bed.server.version, rounds, broker_restarts: restarts, ...outcome.facts } }
}

/** Why there is no disk of a size of its own; undefined when there is. */
function mountDisk(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'nightshift-campaign', folder], { stdio: 'pipe' })
    return undefined
  } catch {
    return 'only root can mount a small disk'
  }
}

/** Until not a page more fits. */
function fill(disk: string): void {
  for (let sizeBytes = 1024 * 1024; sizeBytes >= 4096; sizeBytes /= 16) {
    const part = Buffer.alloc(sizeBytes)
    for (let isRoom = true; isRoom;) isRoom = append(join(disk, filler), part)
  }
}

function append(file: string, part: Buffer): boolean {
  try {
    writeFileSync(file, part, { flag: 'a' })
    return true
  } catch {
    return false
  }
}

function skipped(why: string, say: CampaignContext['say']): Outcome {
  say(`skipped: ${why}`)
  return { facts: { skipped: why }, violations: [] }
}
