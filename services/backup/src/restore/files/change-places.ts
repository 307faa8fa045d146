import { lstatSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { Unit } from '../course/member-state.ts'
import { syncFolder } from '../course/journal.ts'

/** What is live steps aside, what was restored takes its name. A path that is only in one of the two goes, or comes. */
export async function putInPlace(units: readonly Unit[]): Promise<void> {
  for (const { live, staged, kept } of units) {
    if (isThere(kept)) throw new EffectError('restore_failed', `${kept} is there already; move it away`)
    if (isThere(live)) await move(live, kept)
    if (isThere(staged)) await move(staged, live)
  }
}

/** Undoes `putInPlace`, however far it came; what can be seen on the disk says how far. Twice is as good as once. */
export async function takeBack(units: readonly Unit[]): Promise<void> {
  for (const { live, staged, kept } of units.toReversed()) {
    const isAside = isThere(kept)
    // Without what stood aside, `live` is new only if nothing is left of what was to take its place.
    if (isThere(live) && !isThere(staged) && (isAside || isNew(staged))) await move(live, staged)
    if (isAside) await move(kept, live)
  }
}

/** The folder of the stage is made before anything is moved out of it, and removed only when all is over. */
function isNew(staged: string): boolean {
  return isThere(dirname(staged))
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
