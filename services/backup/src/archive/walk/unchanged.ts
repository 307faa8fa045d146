import type { BigIntStats } from 'node:fs'
import type { TreeNode } from '../../snapshot/node.ts'

/** Whether a file is what the parent snapshot holds, as restic decides it: size, both times and inode are those of then. */
export function isUnchanged(stat: BigIntStats, earlier: TreeNode): boolean {
  return (
    earlier.type === 'file' &&
    stat.mtimeNs === earlier.mtimeNs &&
    stat.ctimeNs === earlier.ctimeNs &&
    stat.size === BigInt(earlier.size) &&
    stat.ino === earlier.inode
  )
}
