import type { Mute, Muter } from '../mute/mute.ts'
import { isSpared, type PresenceBook } from './presence-book.ts'
import { presenceRules } from './presence-config.ts'

/** While a machine boots, much fails that is well a minute later: what begins then is told when that is over, if it still lasts. */
export function bootMuter(book: PresenceBook): Muter {
  return {
    muteOf(event, nowMs): Mute | undefined {
      const entry = book.find(event.host)
      if (entry?.bootedWallMs == null || !isSpared(entry, { wallMs: nowMs })) return undefined
      const isOwn = presenceRules.some((rule) => rule === event.rule)
      if (isOwn || Date.parse(event.started_time) < entry.bootedWallMs) return undefined
      return { kind: 'booting', by: `${entry.host} has just booted`, untilMs: entry.sparedUntilMs }
    },
  }
}
