import { fchmodSync, fchownSync, futimesSync, chmodSync, lchownSync, lutimesSync } from 'node:fs'
import { writeExtendedAttributes } from '../../archive/walk/extended-attributes.ts'
import type { Metadata } from './workers/write-request.ts'

/**
 * Sets what an open file shall look like; gives what could not be set. The owner first, as a change of it takes setuid away; the mode after
 * the attributes, as it may forbid to set them; the time last.
 */
export function describeOpenFile(descriptor: number, path: Buffer, metadata: Metadata): string | undefined {
  const { owner, mode, mtimeNs, xattrs } = metadata
  return firstOf([
    attempt(() => owner && fchownSync(descriptor, owner.uid, owner.gid)),
    setAttributes(path, xattrs),
    attempt(() => fchmodSync(descriptor, mode)),
    attempt(() => futimesSync(descriptor, toSeconds(mtimeNs), toSeconds(mtimeNs))),
  ])
}

/** The same for what is not open: folders, pipes, devices. `mode` of a link means nothing. */
export function describePath(path: Buffer, metadata: Metadata, isLink = false): string | undefined {
  const { owner, mode, mtimeNs, xattrs } = metadata
  return firstOf([
    attempt(() => owner && lchownSync(path, owner.uid, owner.gid)),
    setAttributes(path, xattrs),
    isLink ? undefined : attempt(() => chmodSync(path, mode)),
    attempt(() => lutimesSync(path, toSeconds(mtimeNs), toSeconds(mtimeNs))),
  ])
}

function setAttributes(path: Buffer, xattrs: Metadata['xattrs']): string | undefined {
  const known = xattrs.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]))
  return writeExtendedAttributes(path, known)
}

/** As Node takes times. A double holds an instant of our days to a quarter of a microsecond; what is finer is lost. */
function toSeconds(timeNs: bigint): number {
  return Number(timeNs) / 1e9
}

/** Each is attempted, whatever became of those before. */
function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined)
}

function attempt(act: () => void): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
