import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'
import type { FilesState } from '../course/member-state.ts'
import type { Mode } from '../course/course.ts'
import { isThere } from './change-places.ts'

interface Wanted {
  readonly job: string
  readonly snapshot: string
  readonly destination: string
  readonly run: string
  readonly mode: Mode
  /** Of the snapshot; without `to` each of them goes beside, or in the place of, the live path of that name. */
  readonly paths: readonly string[]
  /** All of the snapshot is wanted, also what lies outside of its paths. */
  readonly isWhole: boolean
  readonly to: string | null
  /** `20251021_0000`, ends the name of what is beside. */
  readonly stamp: string
  /** `20251021_000000`, ends the name of what steps aside. */
  readonly asideStamp: string
  /** What must not be moved: repositories, our own state. */
  readonly keepOut: readonly string[]
}

/** How the files of a snapshot get where they are wanted. Nothing is written yet. Throws ConfigError when they cannot go there. */
export function prepareFiles(wanted: Wanted): FilesState {
  const { job, snapshot, destination, run, mode, to, stamp, asideStamp } = wanted
  const stageName = `.nightshift-restore-${run}-${job}`
  const common = { kind: 'files', job, snapshot, destination, work: null } as const
  if (to !== null) {
    if (mode !== 'beside') throw new ConfigError('usage', 'give either --to or --in-place')
    refuseFilled(to)
    const stages = [{ folder: join(to, stageName), paths: wanted.isWhole ? [] : [...wanted.paths] }]
    return { ...common, stages, units: [], mounts: [], folder: to }
  }
  const paths = outermost(wanted.paths)
  if (paths.includes('/'))
    throw new ConfigError('restore_of_root', '/ cannot be replaced while it runs; give --to DIR, or --path for a part')
  const isMount = mode === 'in_place' ? mountPoints() : new Set<string>()
  if (mode === 'in_place') for (const path of paths) refuseKeptOut(path, wanted.keepOut)
  const folders = Map.groupBy(paths, (path) => join(isMount.has(path) ? path : dirname(path), stageName))
  const units = paths
    .filter((path) => !isMount.has(path))
    .map((path) => {
      const staged = join(dirname(path), stageName, path)
      const live = mode === 'in_place' ? path : `${path}_restored_${stamp}`
      return { live, staged, kept: mode === 'in_place' ? `${path}.bak.${asideStamp}` : '', wasLive: false, isStaged: false }
    })
  for (const { live, kept } of units) {
    const taken = mode === 'in_place' ? kept : live
    if (isThere(taken)) throw new ConfigError('restore_target_taken', `${taken} is there already; try again in a minute, or move it away`)
  }
  const mounts = paths
    .filter((path) => isMount.has(path))
    .map((path) => ({ path, stage: join(path, stageName), aside: join(path, `.bak.${asideStamp}`) }))
  return { ...common, stages: [...folders].map(([folder, list]) => ({ folder, paths: list })), units, mounts, folder: null }
}

/** Without those that lie in another one, and without slashes at the end. */
function outermost(paths: readonly string[]): string[] {
  const clean = [...new Set(paths.map((path) => (path.length > 1 ? path.replace(/\/+$/, '') : path)))].sort()
  return clean.filter((path) => !clean.some((other) => other !== path && isInside(path, other)))
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'))
}

function refuseFilled(folder: string): void {
  if (!isThere(folder)) return
  if (!statSync(folder).isDirectory()) throw new ConfigError('restore_target_not_empty', `${folder} is no folder; choose a new one`)
  if (readdirSync(folder).length > 0)
    throw new ConfigError('restore_target_not_empty', `${folder} is not empty; nothing is restored over something: choose a new folder`)
}

function refuseKeptOut(path: string, keepOut: readonly string[]): void {
  const inside = keepOut.find((kept) => isInside(kept, path))
  if (inside !== undefined)
    throw new ConfigError(
      'restore_over_backup',
      `${inside}, which the restore itself needs, lies in ${path}; give --path for the parts to restore, or --to DIR`,
    )
}

/** Paths on which something is mounted, also by bind; empty where that cannot be told. */
function mountPoints(): ReadonlySet<string> {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const unescape = (text: string): string =>
      text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    return new Set(lines.map((line) => unescape(line.split(' ')[4] ?? '')))
  } catch {
    return new Set()
  }
}
