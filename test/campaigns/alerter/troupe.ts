import { setTimeout as delay } from 'node:timers/promises'
import { waitUntil } from '../service-process.ts'
import type { Cast } from './cast.ts'
import type { CrashBed } from './crash-bed.ts'
import { upset } from './moods.ts'

const moodiness = 0.25
const longestPauseMs = 250

/** Starts the alerter and waits until metrics are read: what comes before the first start is nobody's. */
export async function raise(bed: CrashBed, cast: Cast): Promise<void> {
  bed.start()
  await bed.untilAtWork()
  await waitUntil('the first metric is heard of', async () => await cast.canary().then(() => bed.hook.taken.length > 0), 30_000)
  await delay(1000)
}

/** Something happens all the time, and all receivers have their moods, until it is aborted. */
export async function perform(signal: AbortSignal, bed: CrashBed, cast: Cast, random: () => number): Promise<void> {
  bed.hook.moodiness = moodiness
  bed.pager.moodiness = moodiness
  while (!signal.aborted) {
    upset(random, bed.slack, bed.smtp)
    await cast.act()
    await delay(random() * longestPauseMs)
  }
}
