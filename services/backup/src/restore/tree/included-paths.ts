import { ConfigError } from '@nightshift/shared/errors'
import { manifestPath } from '../../archive/manifest-path.ts'
import { segmentsOf } from '../../archive/root-tree.ts'

const ownFolder = segmentsOf(manifestPath)[0]

/** Which part of a snapshot is wanted. */
export class IncludedPaths {
  readonly #wanted: readonly { readonly path: string; readonly names: readonly string[]; isFound: boolean }[] | undefined

  constructor(paths: readonly string[] | undefined) {
    this.#wanted = paths?.map((path) => ({ path, names: segmentsOf(path), isFound: false }))
  }

  /** `whole`: with all below; `part`: only a folder on the way; undefined: not at all. `names` lead from the root to the thing. */
  covers(names: readonly string[]): 'whole' | 'part' | undefined {
    if (this.#wanted === undefined) return names[0] === ownFolder ? undefined : 'whole'
    let found: 'whole' | 'part' | undefined
    for (const wanted of this.#wanted) {
      const common = Math.min(names.length, wanted.names.length)
      if (!wanted.names.slice(0, common).every((name, index) => name === names[index])) continue
      if (names.length >= wanted.names.length) {
        wanted.isFound = true
        found = 'whole'
      } else found ??= 'part'
    }
    return found
  }

  /** Call it at the end: a path that was asked for and is not there must not look like a restore that worked. */
  refuseMissing(snapshotId: string): void {
    const missing = this.#wanted?.find(({ isFound }) => !isFound)
    if (missing === undefined) return
    throw new ConfigError(
      'path_not_in_snapshot',
      `${missing.path} is not in the snapshot ${snapshotId.slice(0, 8)}; \`nightshift backup show\` lists what is`,
    )
  }
}
