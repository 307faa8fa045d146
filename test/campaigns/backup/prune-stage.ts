import { existsSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** What a prune does, in this order. */
export type Stage = 'locked' | 'repacking' | 'indexing' | 'removing'

/** Which files of a repository there are. */
interface Look {
  readonly packs: ReadonlySet<string>
  /** With those that were being written. */
  readonly packFiles: number
  readonly indexFiles: ReadonlySet<string>
}

/** What the files of a repository are called, once they are whole. */
export const idPattern = /^[0-9a-f]{64}$/

/** As restic makes them; a prune can only be watched where folders are. */
export function packFolders(repository: string): string[] {
  return Array.from({ length: 256 }, (_, number) => join(repository, 'data', number.toString(16).padStart(2, '0')))
}

export function lookAt(repository: string): Look {
  const packFiles = packFolders(repository).flatMap((folder) => readdirSync(folder))
  return {
    packs: new Set(packFiles.filter((name) => idPattern.test(name))),
    packFiles: packFiles.length,
    indexFiles: new Set(readdirSync(join(repository, 'index'))),
  }
}

/** How far a prune came between these looks, by what it left, cut off or whole; one that was only looking left nothing. */
export function stageBetween(before: Look, after: Look): Stage {
  if (!before.packs.isSubsetOf(after.packs)) return 'removing'
  if (before.indexFiles.symmetricDifference(after.indexFiles).size > 0) return 'indexing'
  return before.packFiles < after.packFiles ? 'repacking' : 'locked'
}

/** Tells when a prune in another process comes to a stage. */
export class StageWatch {
  readonly #reached: Record<Stage, PromiseWithResolvers<void>> = {
    locked: Promise.withResolvers(),
    repacking: Promise.withResolvers(),
    indexing: Promise.withResolvers(),
    removing: Promise.withResolvers(),
  }
  readonly #watchers: FSWatcher[]

  constructor(repository: string) {
    const [locks, index] = [join(repository, 'locks'), join(repository, 'index')]
    const isFile = (folder: string, name: string | null): boolean => existsSync(join(folder, name ?? ''))
    this.#watchers = [
      watch(locks, (_, name) => idPattern.test(name ?? '') && isFile(locks, name) && this.#reached.locked.resolve()),
      watch(index, () => this.#reached.indexing.resolve()),
      ...packFolders(repository).map((folder) =>
        watch(folder, (_, name) => {
          const isGone = idPattern.test(name ?? '') && !isFile(folder, name)
          this.#reached[isGone ? 'removing' : 'repacking'].resolve()
        }),
      ),
    ]
  }

  async reached(stage: Stage): Promise<void> {
    await this.#reached[stage].promise
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
  }
}
