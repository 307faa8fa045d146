import { lstatSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { syncFolder } from '../course/journal.ts'
import type { Unit } from '../course/member-state.ts'

/** What is there of a unit at this moment. */
export function looked({ live, staged, kept }: Pick<Unit, 'live' | 'staged' | 'kept'>): Unit {
  return { live, staged, kept, wasLive: isThere(live), isStaged: isThere(staged) }
}

/** What is live steps aside, what was restored takes its name. A path that is only in one of the two goes, or comes. */
export async function putInPlace(units: readonly Unit[]): Promise<void> {
  for (const { live, staged, kept, wasLive, isStaged } of units) {
    if (isThere(kept)) throw new EffectError('restore_failed', `${kept} is there already; move it away`)
    if (wasLive) await move(live, kept)
    if (isStaged) await move(staged, live)
  }
}

/** Undoes `putInPlace`, however far it came; what is seen on the disk says how far. Twice is as good as once. */
export async function takeBack(units: readonly Unit[]): Promise<void> {
  for (const { live, staged, kept, wasLive, isStaged } of units.toReversed()) {
    const isAside = wasLive && isThere(kept)
    if (isThere(live) && (isAside || (!wasLive && isStaged && !isThere(staged)))) {
      // Somebody may have made something new where for a moment there was nothing: that is kept too, for a person to look at.
      await move(live, isThere(staged) || !isStaged ? `${kept}.appeared` : staged)
    }
    if (isAside) await move(kept, live)
  }
}

export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

async function move(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await rename(from, to)
    await syncFolder(dirname(to))
    if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
  } catch (cause) {
    throw new EffectError('restore_failed', `cannot rename ${from} to ${to}: ${describeError(cause, 0)}`, { cause })
  }
}
