import type { Stats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { insideRoot, type HostPaths } from '../../procfs/host-paths.ts'
import { plainText } from '../plain-text.ts'
import { isMissing, whyUnread } from './unread.ts'

/** After so many entries the walk rests, so that it never takes more than a part of a core. */
const sliceSize = 200
const restMs = 5
/** Folders that wait to be entered; a tree that has more at once is not one that people made. */
const maxWaiting = 100_000
/** Reasons that are kept; a tree that may not be read has one for each folder. */
const maxUnread = 1000
/** What bytes become that are no UTF-8. */
const notUtf8 = '\uFFFD'

export interface WalkOptions {
  host: HostPaths
  /** As the host calls it. */
  root: string
  maxEntries: number
  isExcluded(path: string): boolean
  signal: AbortSignal
}

export interface WalkEnd {
  entries: number
  isComplete: boolean
  unread: string[]
}

/** Calls `visit` with everything under a folder, itself too, without leaving its file system and without following links. */
export async function walk(options: WalkOptions, visit: (path: string, stats: Stats) => void): Promise<WalkEnd> {
  const { host, root, maxEntries, signal } = options
  const end: WalkEnd = { entries: 0, isComplete: true, unread: [] }
  const top = await look(host, root, end)
  if (top === undefined) {
    if (end.unread.length === 0) end.unread.push(`${root} is not there`)
    return { ...end, isComplete: false }
  }
  visit(root, top)
  end.entries++
  const waiting = top.isDirectory() ? [root] : []
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      for await (const { name } of await opendir(insideRoot(host, folder))) {
        const path = folder === '/' ? `/${name}` : `${folder}/${name}`
        if (options.isExcluded(path)) continue
        if (end.entries >= maxEntries) {
          end.unread.push(`${root} holds more than ${maxEntries} entries; the rest was left out`)
          return { ...end, isComplete: false }
        }
        const stats = await look(host, path, end)
        if (stats === undefined) {
          // Such a name cannot be looked up as it was read.
          if (name.includes(notUtf8)) noteReason(end, `${plainText(path)} has a name that is not UTF-8`)
          continue
        }
        end.entries++
        if (end.entries % sliceSize === 0) await setTimeout(restMs, undefined, { signal })
        // A mount in the tree is another file system: the mount point is not looked at either, it belongs to that.
        if (stats.dev !== top.dev) continue
        visit(path, stats)
        if (stats.isDirectory() && waiting.length < maxWaiting) waiting.push(path)
      }
    } catch (error) {
      if (signal.aborted) throw error
      if (!isMissing(error)) note(end, folder, error)
    }
  }
  return end
}

async function look(host: HostPaths, path: string, end: WalkEnd): Promise<Stats | undefined> {
  try {
    return await lstat(insideRoot(host, path))
  } catch (error) {
    if (!isMissing(error)) note(end, path, error)
    return undefined
  }
}

function note(end: WalkEnd, path: string, error: unknown): void {
  noteReason(end, whyUnread(path, error))
}

function noteReason(end: WalkEnd, reason: string): void {
  if (end.unread.length < maxUnread) end.unread.push(reason)
}
