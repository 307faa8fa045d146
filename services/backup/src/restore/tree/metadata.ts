import { fchmodSync, fchownSync, futimesSync, chmodSync, lchownSync, lutimesSync } from 'node:fs'
import { writeExtendedAttributes } from '../../archive/walk/extended-attributes.ts'
import type { Metadata } from './workers/write-request.ts'

/**
 * Sets what an open file shall look like; gives what could not be set. The owner first, as a change of it takes setuid away; the mode after
 * the attributes, as it may forbid to set them; the time last.
 */
export function describeOpenFile(descriptor: number, path: Buffer, metadata: Metadata): string | undefined {
  const { owner, mode, mtimeSeconds, xattrs } = metadata
  return firstOf([
    attempt(() => owner && fchownSync(descriptor, owner.uid, owner.gid)),
    setAttributes(path, xattrs),
    attempt(() => fchmodSync(descriptor, mode)),
    attempt(() => futimesSync(descriptor, mtimeSeconds, mtimeSeconds)),
  ])
}

/** The same for what is not open: folders, pipes, devices. `mode` of a link means nothing. */
export function describePath(path: Buffer, metadata: Metadata, isLink = false): string | undefined {
  const { owner, mode, mtimeSeconds, xattrs } = metadata
  return firstOf([
    attempt(() => owner && lchownSync(path, owner.uid, owner.gid)),
    setAttributes(path, xattrs),
    isLink ? undefined : attempt(() => chmodSync(path, mode)),
    attempt(() => lutimesSync(path, mtimeSeconds, mtimeSeconds)),
  ])
}

function setAttributes(path: Buffer, xattrs: Metadata['xattrs']): string | undefined {
  if (xattrs.length === 0) return undefined
  const known = xattrs.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]))
  return writeExtendedAttributes(path, known)
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
