import type { CrashBed } from './crash-bed.ts'
import type { Finding } from './finding.ts'
import { mailMentions, mentionsOf, slackSayings } from './hearing.ts'

/** Something that was told more than once. */
export interface Copies extends Finding {
  readonly times: number
  /** How often whoever took it did not say so: then it has to come again. */
  readonly unanswered: number
}

interface Heard {
  /** What counts as the same. */
  readonly key: string
  readonly name: string
  readonly isAnswered: boolean
  readonly atMs: number
}

/**
 * What was heard more than once: at the webhooks the same message; in Slack and by mail, where crashes put messages together anew, the same
 * news of the same alert.
 */
export function copiesOf(bed: CrashBed): Copies[] {
  const hooks = Object.entries({ hook: bed.hook, pager: bed.pager }).flatMap(([receiver, { taken }]) =>
    taken.map((each): Heard => ({ ...each, key: `${receiver} ${each.key}`, name: mentionsOf(each)[0]?.name ?? '' })),
  )
  // An edit and the line of its log are one.
  const team = slackSayings(bed.slack).filter(({ isEdit }) => !isEdit)
  const heard = [
    ...hooks,
    ...team.flatMap((each) =>
      each.mentions.map((mention): Heard => ({ ...each, ...mention, key: `team ${mention.name} ${mention.phase}` })),
    ),
    ...bed.smtp.mails.flatMap((mail) =>
      mailMentions(mail).map((mention): Heard => ({
        ...mention,
        key: `mail ${mention.name} ${mention.phase}`,
        isAnswered: true,
        atMs: mail.atMs,
      })),
    ),
  ]
  return [...Map.groupBy(heard, ({ key }) => key)].flatMap(([key, all]) => {
    const [first] = all
    const last = all.at(-1)
    if (first === undefined || last === undefined || all.length === 1) return []
    const unanswered = all.filter(({ isAnswered }) => !isAnswered).length
    const what = `${key} came ${all.length} times${unanswered > 0 ? `, ${unanswered} of them without an answer` : ''}`
    return [{ what, name: first.name, fromMs: first.atMs, toMs: last.atMs, times: all.length, unanswered }]
  })
}
