import type { BlobId } from '../repository/blob.ts'

export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular'

export interface ExtendedAttribute {
  readonly name: string
  /** null: the name was listed, the value could not be read. */
  readonly value: Buffer | null
}

/**
 * One entry of a folder, as a tree blob holds it. What is 0 or absent here is left out of the blob. For trees that are equal to those of restic:
 * `links` of all but folders, `size` of files only, `atimeNs` = `mtimeNs`, `deviceId` of hard links only (links > 1).
 */
export interface TreeNode {
  readonly name: Buffer
  readonly type: NodeType
  /** Permissions with the setuid, setgid and sticky bits of st_mode: 0 to 0o7777. */
  readonly mode: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly atimeNs: bigint
  readonly uid: number
  readonly gid: number
  readonly user?: string
  readonly group?: string
  /** 64 bits: some file systems use them all. */
  readonly inode: bigint
  /** st_dev; joins the hard links of one file. */
  readonly deviceId: bigint
  readonly size: number
  readonly links: number
  readonly linkTarget?: Buffer
  readonly xattrs?: readonly ExtendedAttribute[]
  /** st_rdev of a device file. */
  readonly device?: bigint
  /** Of every file, also an empty one; of nothing else. */
  readonly content?: readonly BlobId[]
  /** Of every folder; of nothing else. */
  readonly subtree?: BlobId
  /** Attributes of other systems, kept as they came. */
  readonly generic?: Readonly<Record<string, unknown>>
  readonly error?: string
}

/** Bits of a file mode as Go numbers them; as sums, because 2^31 is beyond what bit operators of JavaScript carry. */
const goTypeBits: Record<NodeType, number> = {
  file: 0,
  dir: 2 ** 31,
  symlink: 2 ** 27,
  dev: 2 ** 26,
  chardev: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  irregular: 2 ** 19,
}

/** The mode as restic stores it: permissions of Unix, all other bits as Go numbers them. */
export function toGoMode(type: NodeType, mode: number): number {
  const setuid = (mode & 0o4000) === 0 ? 0 : 2 ** 23
  const setgid = (mode & 0o2000) === 0 ? 0 : 2 ** 22
  const sticky = (mode & 0o1000) === 0 ? 0 : 2 ** 20
  return goTypeBits[type] + (mode & 0o777) + setuid + setgid + sticky
}

/** Permissions, setuid, setgid and sticky bit of st_mode from a mode of restic. */
export function fromGoMode(goMode: number): number {
  const has = (bit: number): boolean => Math.floor(goMode / 2 ** bit) % 2 === 1
  return (goMode % 512) + (has(23) ? 0o4000 : 0) + (has(22) ? 0o2000 : 0) + (has(20) ? 0o1000 : 0)
}
