import type { AlertEvent } from '@nightshift/shared/events/alert'

/** Why nobody is told of an alert just now. */
export interface Mute {
  readonly kind: 'inhibited' | 'silenced' | 'window' | 'flapping' | 'booting'
  /** What does it, in words for `rules explain`: the id of a silence, the name of a window, the alert that stands above. */
  readonly by: string
  /** When it ends by itself, milliseconds; null when that is not known. */
  readonly untilMs: number | null
}

/** One reason to keep quiet. Pure: what it looks at is kept by whoever makes it. */
export interface Muter {
  muteOf(event: AlertEvent, nowMs: number): Mute | undefined
}

/** The first reason to keep quiet, if there is any. */
export function muteOf(muters: readonly Muter[], event: AlertEvent, nowMs: number): Mute | undefined {
  for (const muter of muters) {
    const mute = muter.muteOf(event, nowMs)
    if (mute !== undefined) return mute
  }
  return undefined
}
