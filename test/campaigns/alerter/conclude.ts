import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../campaign.ts'
import { waitUntil } from '../service-process.ts'
import type { Cast } from './cast.ts'
import { copiesOf } from './copies.ts'
import type { CrashBed } from './crash-bed.ts'
import type { Finding } from './finding.ts'
import { hiddenAlerts } from './hearing.ts'
import { judge } from './judge.ts'

/** Retries wait for twice as long each time, so the last one may come late. */
const settleMs = 300_000
/** What comes twice comes soon. */
const afterwardsMs = 3000
const shownStories = 20

/** Lets everybody take what comes, waits until all is heard, and says what is lost, wrong or too often, each with its story. */
export async function conclude(bed: CrashBed, cast: Cast): Promise<Outcome> {
  bed.calm()
  await bed.untilAtWork()
  const isRight = async (): Promise<boolean> => (await judge(bed, cast)).length === 0
  await waitUntil('all is heard', isRight, settleMs).catch(() => undefined)
  await delay(afterwardsMs)
  const findings = await judge(bed, cast)
  const dead = await bed.dead()
  const copies = copiesOf(bed)
  const hidden = hiddenAlerts(bed.slack, bed.smtp.mails)
  // Each crash may double what it interrupted, once.
  const often = copies.filter(
    ({ times, unanswered, fromMs, toMs }) => times - unanswered > 1 + Math.max(1, bed.crashesBetween(fromMs, toMs)),
  )
  const storyOf = ({ what, name, fromMs, toMs }: Finding): string => [what, ...bed.story.of(name, fromMs, toMs)].join('\n      ')
  return {
    facts: {
      steps: cast.stepCount,
      webhook: bed.hook.taken.length,
      pager: bed.pager.taken.length,
      slack_calls: bed.slack.calls.length,
      mails: bed.smtp.mails.length,
      refused: bed.hook.refused + bed.pager.refused,
      counted_only: hidden.team + hidden.mail,
      doubled: copies.filter(({ times, unanswered }) => times - unanswered > 1).length,
      most_copies: Math.max(1, ...copies.map(({ times, unanswered }) => times - unanswered)),
      again_unanswered: copies.filter(({ unanswered }) => unanswered > 0).length,
    },
    violations: [
      ...findings.slice(0, shownStories).map(storyOf),
      ...(findings.length > shownStories ? [`and ${findings.length - shownStories} more of the kind`] : []),
      ...often.map(storyOf),
      ...(bed.storedTwice > 0 ? [`${bed.storedTwice} alert events stand in EVENTS twice`] : []),
      ...dead.map(({ event }) => `given up: ${String(event['notification'])} on ${String(event['channel'])}: ${String(event['error'])}`),
    ],
    // What nobody was told of as taken has to come again, and is no exception.
    exceptions: copies.filter(({ times, unanswered }) => times - unanswered > 1).map(storyOf),
  }
}
