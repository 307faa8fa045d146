import type { Cast } from './cast.ts'
import type { CrashBed } from './crash-bed.ts'
import type { Finding } from './finding.ts'
import { hiddenAlerts, mailMentions, mentionsOf, slackSayings } from './hearing.ts'
import { judgeEpisodes } from './judge-episodes.ts'
import { judgeHook, judgeSaid } from './judge-steps.ts'

/** What is missing, wrong, or said without cause, on the bus and at every receiver. */
export async function judge(bed: CrashBed, { steps }: Cast): Promise<Finding[]> {
  // What it says of itself and of the fleet, as when nothing comes through for a while, is about no host.
  const said = new Map([...(await bed.said())].filter(([name]) => !name.startsWith('null ')))
  const hidden = hiddenAlerts(bed.slack, bed.smtp.mails)
  const team = slackSayings(bed.slack).flatMap(({ mentions }) => mentions)
  return [
    ...judgeSaid(steps, said),
    ...judgeHook(said, bed.hook.taken),
    ...judgeEpisodes('group', steps, bed.pager.taken.flatMap(mentionsOf), { isEndAlwaysTold: false, hidden: 0 }),
    ...judgeEpisodes('team', steps, team, { isEndAlwaysTold: true, hidden: hidden.team }),
    ...judgeEpisodes('mail', steps, bed.smtp.mails.flatMap(mailMentions), { isEndAlwaysTold: true, hidden: hidden.mail }),
  ]
}
