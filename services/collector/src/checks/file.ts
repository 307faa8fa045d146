import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { describeError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { insideRoot, type HostPaths } from '../procfs/host-paths.ts'
import { failed, passed, unsupported, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { judgeContent } from './files/file-content.ts'
import { judgeFacts } from './files/file-facts.ts'
import { findFiles, isAbsence, isPattern } from '../globs/find-files.ts'
import { onMountOf } from '../mounts/mount-turns.ts'

type FileCheckConfig = Extract<CheckConfig, { kind: 'file' }>

/** Files that one pattern may find. */
const maxFiles = 10_000
/** Of several files, so many are judged. */
const maxJudged = 1000

interface Found {
  readonly path: string
  readonly stats: Stats
}

/** A file is there, or is not, and is as it should be. */
export const fileCheck: CheckKind<'file'> = {
  kind: 'file',
  async run(config, options) {
    const place = insideRoot(options.host, config.path)
    try {
      return await onMountOf(place, options.signal, async () => await look(config, place, options))
    } catch (error) {
      if (isRefusal(error)) return unsupported(`${config.path} may not be looked at: let the collector's user read it, and its folder`)
      return failed(`${config.path} cannot be looked at: ${describeError(error)}`)
    }
  },
}

async function look(config: FileCheckConfig, place: string, { host, signal }: RunOptions): Promise<Outcome> {
  const found = await find(place)
  const count = found.length
  const newest = found.toSorted((a, b) => b.stats.mtimeMs - a.stats.mtimeMs)[0]
  if (!config.exists)
    return newest === undefined ? passed({ count }) : failed(`${named(newest.path, host)} exists, but must not`, { count })
  if (newest === undefined) return failed(`${isPattern(config.path) ? 'no file fits' : 'there is no file'} ${config.path}`, { count })
  const detail = {
    count,
    file: named(newest.path, host),
    size_bytes: newest.stats.size,
    age_seconds: Math.round((Date.now() - newest.stats.mtimeMs) / 1000),
    mode: (newest.stats.mode & 0o7777).toString(8).padStart(4, '0'),
  }
  if (count < config.min_count) return failed(`${count} files fit ${config.path}, fewer than ${config.min_count}`, detail)
  if (config.max_count !== undefined && count > config.max_count) {
    return failed(`${count} files fit ${config.path}, more than ${config.max_count}`, detail)
  }
  for (const { path, stats } of config.which === 'newest' ? [newest] : found.slice(0, maxJudged)) {
    signal.throwIfAborted()
    const problem = judgeFacts(config, stats, host) ?? (await judgeContent(config, path, stats, signal))
    if (problem !== undefined) return failed(`${named(path, host)} ${problem}`, detail)
  }
  return passed(detail)
}

async function find(place: string): Promise<Found[]> {
  const found: Found[] = []
  for (const path of isPattern(place) ? await findFiles(place, maxFiles) : [place]) {
    try {
      found.push({ path, stats: await stat(path) })
    } catch (error) {
      if (!isAbsence(error)) throw error
    }
  }
  return found
}

/** The path as the host calls it. */
function named(path: string, host: HostPaths): string {
  return host.root === '/' ? path : path.slice(host.root.length)
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}
