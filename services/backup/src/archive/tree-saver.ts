import type { BlobId } from '../repository/blob.ts'
import type { BlobWriter } from '../repository/blob-writer.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { encodeTree } from '../snapshot/tree.ts'

const savesAtOnce = 4
const maxWaiting = 512

/** Encodes and stores trees, a few at a time: a folder that waits is a list of nodes, not yet its bytes. */
export class TreeSaver {
  readonly #writer: BlobWriter
  readonly #waiters: (() => void)[] = []
  readonly #roomWaiters: (() => void)[] = []
  #active = 0

  constructor(writer: BlobWriter) {
    this.#writer = writer
  }

  /** Waits while too many folders wait for the destination. */
  async room(): Promise<void> {
    if (this.#waiters.length < maxWaiting) return
    await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
  }

  async save(nodes: readonly TreeNode[]): Promise<BlobId> {
    if (this.#active >= savesAtOnce) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    else this.#active += 1
    try {
      return (await this.#writer.save('tree', encodeTree(nodes))).id
    } finally {
      const next = this.#waiters.shift()
      if (next === undefined) this.#active -= 1
      else next()
      if (this.#waiters.length < maxWaiting) for (const waiter of this.#roomWaiters.splice(0)) waiter()
    }
  }
}
