import { readdirSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { containerAt, type ContainerAt } from './container-at.ts'

/** Folders that one walk looks at, and how deep: a rootless Podman under systemd is at depth 6. */
const maxFolders = 8192
const maxDepth = 10
/** Folders that are looked at before other work gets its turn. */
const sliceSize = 64

export interface FoundCgroup extends ContainerAt {
  /** Relative to the root of the tree. */
  readonly path: string
  /** Number of the folder: a container that was started again has another. */
  readonly inode: number
}

export interface CgroupWalk {
  readonly found: FoundCgroup[]
  /** More folders than are looked at: there may be containers that were not found. */
  readonly isCut: boolean
}

/**
 * The control groups of containers, and with `services` those of systemd services. Folders of the kernel's memory, so read synchronously, in
 * slices. What runs inside a container is part of it, so a container's own folders are not looked at.
 */
export async function findContainerCgroups(root: string, options: { services: boolean }, most = maxFolders): Promise<CgroupWalk> {
  const found: FoundCgroup[] = []
  const queue: { path: string; depth: number }[] = [{ path: '', depth: 0 }]
  let looked = 0
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const name of foldersIn(`${root}/${next.path}`)) {
      if (looked === most) return { found, isCut: true }
      if (++looked % sliceSize === 0) await setImmediate()
      const path = next.path === '' ? name : `${next.path}/${name}`
      const container = containerAt(path, options.services)
      const stats = statOf(`${root}/${path}`)
      if (stats === undefined || container === 'none') continue
      if (container !== undefined) found.push({ ...container, path, inode: stats.ino })
      else if (stats.nlink !== 2 && next.depth < maxDepth) queue.push({ path, depth: next.depth + 1 })
    }
  }
  return { found, isCut: false }
}

/** A folder with two links has no folders in it: it need not be read. Undefined when it was removed meanwhile or may not be looked at. */
function statOf(path: string): { ino: number; nlink: number } | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** None when it was removed meanwhile or may not be read. */
function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    return []
  }
}
