import { ContractError } from '@nightshift/shared/errors'
import { decodeNode, encodeNode } from './node-json.ts'
import type { TreeNode } from './node.ts'

/** Beyond 15 digits a double may lose the last ones. The names around cannot be part of a text: quotes in texts stand behind a backslash. */
const longNumber = /"(inode|device_id|device)":(\d{16,20})(?=[,}])/g

/** The blob of a folder: its nodes in the order of the bytes of their names, byte for byte as restic writes it. */
export function encodeTree(nodes: readonly TreeNode[]): Buffer {
  const isSorted = nodes.every((node, index) => index === 0 || Buffer.compare(nodes[index - 1]?.name ?? node.name, node.name) < 0)
  const sorted = isSorted ? nodes : nodes.toSorted((one, other) => Buffer.compare(one.name, other.name))
  for (const [index, node] of sorted.entries()) {
    if (index > 0 && sorted[index - 1]?.name.equals(node.name) === true) {
      throw new ContractError('tree_name_twice', `the name ${JSON.stringify(node.name.toString())} stands twice in one folder`)
    }
  }
  return Buffer.from(`{"nodes":[${sorted.map(encodeNode).join(',')}]}\n`)
}

/** The nodes of a tree blob. Throws ContractError `tree_damaged`. */
export function decodeTree(bytes: Uint8Array): TreeNode[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const nodes = parse(text)
  const decoded = nodes.map(decodeNode)
  const names = new Set(decoded.map((node) => node.name.toString('latin1')))
  if (names.size !== decoded.length)
    throw new ContractError('tree_damaged', 'a tree of the repository is damaged: a name stands twice in it')
  return decoded
}

function parse(text: string): readonly unknown[] {
  let tree: unknown
  try {
    tree = JSON.parse(text.replaceAll(longNumber, '"$1":"$2"'))
  } catch (error) {
    throw new ContractError('tree_damaged', 'a tree of the repository is damaged: it is no JSON', { cause: error })
  }
  const nodes = typeof tree === 'object' && tree !== null ? (tree as { nodes?: unknown }).nodes : undefined
  // Go writes an empty list that was never filled as null.
  if (nodes === null) return []
  if (!Array.isArray(nodes)) throw new ContractError('tree_damaged', 'a tree of the repository is damaged: it has no list of nodes')
  return nodes
}
