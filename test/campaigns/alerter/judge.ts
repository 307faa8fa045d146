import type { Cast } from './cast.ts'
import type { CrashBed } from './crash-bed.ts'
import type { Finding } from './finding.ts'
import { mailMentions, mentionsOf, slackSayings } from './hearing.ts'
import { judgeEpisodes } from './judge-episodes.ts'
import { judgeHook, judgeSaid } from './judge-steps.ts'

/** What is missing, wrong, or said without cause, on the bus and at every receiver. */
export async function judge(bed: CrashBed, { steps }: Cast): Promise<Finding[]> {
  // What it says of itself and of the fleet, as when nothing comes through for a while, is about no host.
  const said = new Map([...(await bed.said())].filter(([name]) => !name.startsWith('null ')))
  return [
    ...judgeSaid(steps, said),
    ...judgeHook(said, bed.hook.taken),
    ...judgeEpisodes('group', steps, bed.pager.taken.flatMap(mentionsOf), false),
    ...judgeEpisodes(
      'team',
      steps,
      slackSayings(bed.slack).flatMap(({ mentions }) => mentions),
      true,
    ),
    ...judgeEpisodes('mail', steps, bed.smtp.mails.flatMap(mailMentions), true),
  ]
}
