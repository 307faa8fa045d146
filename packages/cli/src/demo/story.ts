import type { Received } from '@nightshift/shared/events/parse'

/** What the demo has seen so far; times are milliseconds since the epoch, undefined until it happened. */
export interface Story {
  brokenMs: number
  noticedMs?: number
  alertedMs?: number
  messagedMs?: number
  actedMs?: number
  healedMs?: number
  resolvedMs?: number
}

export interface StoryNames {
  check: string
  rule: string
  playbook: string
  channel: string
}

/** The next chapter, when this event is one. Pure: times are the event's own. */
export function tellStory(story: Story, received: Received, names: StoryNames): Story {
  const at = Date.parse(received.event.time)
  if (at < story.brokenMs - 1000) return story
  switch (received.kind) {
    case 'health':
      return received.event.check === names.check && received.event.state === 'failing'
        ? { ...story, noticedMs: story.noticedMs ?? at }
        : story
    case 'alert':
      if (received.event.rule !== names.rule) return story
      if (received.event.phase === 'firing') return { ...story, alertedMs: story.alertedMs ?? at }
      return received.event.phase === 'resolved' ? { ...story, resolvedMs: story.resolvedMs ?? at } : story
    case 'notify':
      return received.event.channel === names.channel && received.event.outcome === 'delivered'
        ? { ...story, messagedMs: story.messagedMs ?? at }
        : story
    case 'heal':
      if (received.event.playbook !== names.playbook) return story
      if (received.event.phase === 'acting') return { ...story, actedMs: story.actedMs ?? at }
      return received.event.phase === 'recovered' ? { ...story, healedMs: story.healedMs ?? at } : story
    default:
      return story
  }
}

export function isToldToTheEnd(story: Story): boolean {
  return chapters(story).every(([, at]) => at !== undefined)
}

/** The story in lines, each with the seconds since the break; what did not happen says so. */
export function summarize(story: Story): string[] {
  return inOrder(chapters(story)).map(
    ([title, at]) =>
      `  ${at === undefined ? '   -   ' : `+${((at - story.brokenMs) / 1000).toFixed(2)} s`.padEnd(7)}  ${title}${at === undefined ? ': did not happen' : ''}`,
  )
}

/** As it happened; what did not happen comes last. */
function inOrder(told: readonly Chapter[]): Chapter[] {
  return told.toSorted(([, a], [, b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
}

type Chapter = [title: string, at: number | undefined]

function chapters(story: Story): Chapter[] {
  return [
    ['the demo web app was killed', story.brokenMs],
    ['its check failed three times in a row', story.noticedMs],
    ['the alert fired', story.alertedMs],
    ['the webhook had the message', story.messagedMs],
    ['the healer started it again', story.actedMs],
    ['the check passed three times: recovered', story.healedMs],
    ['the alert resolved', story.resolvedMs],
  ]
}
