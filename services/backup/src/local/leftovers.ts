import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type ProcessIdentity } from '@nightshift/shared/service/process-identity'
import { processSpace, readOwnerMark, type OwnerMark } from '../sources/owner-mark.ts'

/** A folder in which work folders may have been left. */
interface LeftoverPlace {
  readonly path: string
  /** Nobody else uses it, so a mark from another container is that of one that is gone. */
  readonly isOurs: boolean
}

interface Leftovers {
  readonly folders: number
  readonly processes: number
}

const ourNames = /^nightshift-/
const endGraceMs = 3000
const pollMs = 50

/**
 * Removes what processes that are gone left behind: work folders that they marked as theirs, and the scratch servers that are written down in
 * them with the time of their start. What carries no mark, or that of a living process, is left alone.
 */
export async function removeLeftovers(places: readonly LeftoverPlace[]): Promise<Leftovers> {
  let [folders, processes] = [0, 0]
  for (const { path, isOurs } of places)
    for (const folder of await candidates(path, isOurs)) {
      const mark = readOwnerMark(folder)
      if (mark === undefined || !isGone(mark, isOurs)) continue
      processes += await endAll(mark)
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
      folders += 1
    }
  return { folders, processes }
}

/** Folders that may be work folders; in a place of our own also those in the folder of a drill or a restore, which carries no mark. */
async function candidates(path: string, isOurs: boolean): Promise<string[]> {
  const inside = await foldersIn(path)
  if (!isOurs) return inside.filter((folder) => ourNames.test(basename(folder)))
  const deeper = await Promise.all(inside.map(async (folder) => (readOwnerMark(folder) === undefined ? await foldersIn(folder) : [])))
  return [...inside, ...deeper.flat()]
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name))
}

function isGone({ owner, space }: OwnerMark, isOurs: boolean): boolean {
  return space === processSpace() ? !isAlive(owner) : isOurs
}

/** In another container a number means another process, and what ran there ended with it. */
async function endAll({ children, space }: OwnerMark): Promise<number> {
  if (space !== processSpace()) return 0
  const living = children.filter(isAlive)
  for (const child of living) signalGroup(child, 'SIGTERM')
  const deadline = performance.now() + endGraceMs
  while (living.some(isAlive) && performance.now() < deadline) await sleep(pollMs)
  for (const child of living.filter(isAlive)) signalGroup(child, 'SIGKILL')
  return living.length
}

/** Each leads a group of its own. */
function signalGroup({ pid }: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It ended meanwhile.
  }
}
