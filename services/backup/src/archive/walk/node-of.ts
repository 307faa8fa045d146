import { readlinkSync, type BigIntStats } from 'node:fs'
import type { NodeType, TreeNode } from '../../snapshot/node.ts'
import type { AccountNames } from './account-names.ts'
import { readExtendedAttributes } from './extended-attributes.ts'

const permissionBits = 0o7777n
const formatBits = 0o170000n
const types: ReadonlyMap<bigint, NodeType> = new Map([
  [0o100000n, 'file'],
  [0o040000n, 'dir'],
  [0o120000n, 'symlink'],
  [0o060000n, 'dev'],
  [0o020000n, 'chardev'],
  [0o010000n, 'fifo'],
  [0o140000n, 'socket'],
])

export function typeOf(stat: BigIntStats): NodeType {
  return types.get(stat.mode & formatBits) ?? 'irregular'
}

/** The node of a thing on the disk, without its content. Throws what reading a link throws. */
export function nodeOf(name: Buffer, path: Buffer, stat: BigIntStats, accounts: AccountNames): TreeNode {
  const type = typeOf(stat)
  const [uid, gid, links] = [Number(stat.uid), Number(stat.gid), Number(stat.nlink)]
  const [user, group] = [accounts.user(uid), accounts.group(gid)]
  const xattrs = readExtendedAttributes(path)
  return {
    name,
    type,
    mode: Number(stat.mode & permissionBits),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    // The true time of the last look would make every tree a new one on each run.
    atimeNs: stat.mtimeNs,
    uid,
    gid,
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    inode: stat.ino,
    deviceId: type !== 'dir' && links > 1 ? stat.dev : 0n,
    size: type === 'file' ? Number(stat.size) : 0,
    links: type === 'dir' ? 0 : links,
    ...(type === 'symlink' && { linkTarget: readlinkSync(path, 'buffer') }),
    ...(xattrs.length > 0 && { xattrs }),
    ...((type === 'dev' || type === 'chardev') && { device: stat.rdev }),
  }
}

/** The node of a folder that exists in the snapshot only, above dumps. */
export function virtualFolder(name: Buffer, modifiedMs: number): TreeNode {
  return { ...virtualNode(name, modifiedMs), type: 'dir', mode: 0o755 }
}

/** The node of a file that was a stream: readable by its owner, who is the one that makes the backup. */
export function virtualFile(name: Buffer, modifiedMs: number): TreeNode {
  return { ...virtualNode(name, modifiedMs), type: 'file', mode: 0o600 }
}

function virtualNode(name: Buffer, modifiedMs: number): Omit<TreeNode, 'type' | 'mode'> {
  const timeNs = BigInt(Math.round(modifiedMs)) * 1_000_000n
  return {
    name,
    mtimeNs: timeNs,
    ctimeNs: timeNs,
    atimeNs: timeNs,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 1,
  }
}
