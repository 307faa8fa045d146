import { NightshiftError } from '@nightshift/shared/errors'
import type { BlobId } from '../repository/blob.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { sameNode } from './same-node.ts'
import type { TreeReader } from './tree-reader.ts'

/** A folder as the parent snapshot holds it. */
export class ParentFolder {
  readonly id: BlobId
  readonly #nodes: ReadonlyMap<string, TreeNode>

  constructor(id: BlobId, nodes: readonly TreeNode[]) {
    this.id = id
    this.#nodes = new Map(nodes.map((node) => [node.name.toString('latin1'), node]))
  }

  node(name: Buffer): TreeNode | undefined {
    return this.#nodes.get(name.toString('latin1'))
  }

  /** True when these nodes would make the same tree again. */
  holdsExactly(nodes: readonly TreeNode[]): boolean {
    return (
      nodes.length === this.#nodes.size &&
      nodes.every((node) => {
        const earlier = this.node(node.name)
        return earlier !== undefined && sameNode(node, earlier)
      })
    )
  }
}

/** The trees of the parent snapshot, read as the walk comes by. */
export class ParentTrees {
  readonly #reader: TreeReader
  readonly #signal: AbortSignal

  constructor(reader: TreeReader, signal: AbortSignal) {
    this.#reader = reader
    this.#signal = signal
  }

  /** Undefined when there was no such folder, or its tree is lost: then everything below is read again, which heals it. */
  async open(id: BlobId | undefined): Promise<ParentFolder | undefined> {
    if (id === undefined) return undefined
    try {
      return new ParentFolder(id, await this.#reader.read(id, this.#signal))
    } catch (error) {
      this.#signal.throwIfAborted()
      if (error instanceof NightshiftError && !error.transient) return undefined
      throw error
    }
  }
}
