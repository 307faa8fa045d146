import type { TreeNode } from '../snapshot/node.ts'

/** Whether both nodes would be the same bytes in a tree, as far as the time of change of their inode tells. */
export function sameNode(one: TreeNode, other: TreeNode): boolean {
  return (
    one === other ||
    (one.name.equals(other.name) &&
      one.type === other.type &&
      one.mode === other.mode &&
      one.mtimeNs === other.mtimeNs &&
      one.ctimeNs === other.ctimeNs &&
      one.atimeNs === other.atimeNs &&
      one.inode === other.inode &&
      one.deviceId === other.deviceId &&
      one.uid === other.uid &&
      one.gid === other.gid &&
      one.user === other.user &&
      one.group === other.group &&
      one.size === other.size &&
      one.links === other.links &&
      one.subtree === other.subtree &&
      one.device === other.device &&
      sameContent(one.content, other.content) &&
      // A change of either would have changed the time of the inode.
      (one.linkTarget === undefined) === (other.linkTarget === undefined) &&
      one.xattrs?.length === other.xattrs?.length)
  )
}

function sameContent(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && one.every((id, index) => id === other[index])
}
