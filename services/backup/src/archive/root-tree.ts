import { statSync } from 'node:fs'
import { ContractError } from '@nightshift/shared/errors'
import type { BlobId } from '../repository/blob.ts'
import type { TreeNode } from '../snapshot/node.ts'
import type { TreeSaver } from './tree-saver.ts'
import type { AccountNames } from './walk/account-names.ts'
import { nodeOf, virtualFolder } from './walk/node-of.ts'

interface Branch {
  /** What stands here; a branch without it is a folder on the way to others. */
  node?: Promise<TreeNode | undefined>
  readonly children: Map<string, Branch>
}

interface Means {
  readonly trees: TreeSaver
  readonly accounts: AccountNames
  readonly nowMs: number
}

/** Puts what a source gave (`/srv/models`, `/postgres/shop`) under one root, with the folders above as they are on this host. */
export class RootTree {
  readonly #root: Branch = { children: new Map() }
  readonly #rootNodes: Promise<TreeNode | undefined>[] = []

  /** `node` replaces whatever name it came with by the last one of the path. */
  add(path: string, node: Promise<TreeNode | undefined>): void {
    let branch = this.#root
    for (const name of segmentsOf(path)) {
      if (branch.node !== undefined) throw inTheWay(path)
      const next = branch.children.get(name) ?? { children: new Map<string, Branch>() }
      branch.children.set(name, next)
      branch = next
    }
    if (branch.node !== undefined || branch.children.size > 0) throw inTheWay(path)
    branch.node = node
  }

  /** What lies in the root of this host, when that is a source: the rest joins it. */
  addToRoot(nodes: readonly Promise<TreeNode | undefined>[]): void {
    this.#rootNodes.push(...nodes)
  }

  async save(trees: TreeSaver, accounts: AccountNames, nowMs: number): Promise<BlobId> {
    const nodes = (await Promise.all(this.#rootNodes)).filter((node) => node !== undefined)
    return await this.#saveChildren(this.#root, nodes, '', { trees, accounts, nowMs })
  }

  async #saveChildren(branch: Branch, nodes: TreeNode[], path: string, means: Means): Promise<BlobId> {
    for (const [name, child] of branch.children) {
      const childPath = `${path}/${name}`
      const nameBytes = Buffer.from(name)
      if (child.node === undefined) {
        const subtree = await this.#saveChildren(child, [], childPath, means)
        nodes.push({ ...describeFolder(nameBytes, childPath, means), subtree })
      } else {
        const node = await child.node
        if (node !== undefined) nodes.push({ ...node, name: nameBytes })
      }
    }
    return await means.trees.save(nodes)
  }
}

/** The names of an absolute path of a snapshot. */
export function segmentsOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function describeFolder(name: Buffer, path: string, { accounts, nowMs }: Means): TreeNode {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat?.isDirectory() === true ? nodeOf(name, Buffer.from(path), stat, accounts) : virtualFolder(name, nowMs)
}

function inTheWay(path: string): ContractError {
  return new ContractError('archive_paths', `${path} cannot be backed up beside a file or folder that has its place in the snapshot`)
}
