import { execFile } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, readdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { ConfigError, describeError, EffectError } from '@nightshift/shared/errors'
import type { TreeNode } from '../../snapshot/node.ts'
import { describePath } from './metadata.ts'
import type { RestoreOptions } from './restore-tree.ts'
import type { Metadata } from './workers/write-request.ts'

const ownerOnly = 0o700
const mknodTimeoutMs = 10_000
const run = promisify(execFile)

/**
 * The folder that a tree lands in. Nothing is ever written outside of it: a folder of the tree is made here, or is a real folder that is
 * here; names are names; links are made when all else is written, so that nobody can be led through them.
 */
export class Landing {
  readonly root: Buffer
  readonly #existing: NonNullable<RestoreOptions['existing']>
  readonly #setsOwners: boolean
  /** Folders that were not there before, by path: nothing can be in the way in them. */
  readonly #made = new Set<string>()

  constructor({ to, existing = 'refuse', owners = true }: Pick<RestoreOptions, 'to' | 'existing' | 'owners'>) {
    this.root = Buffer.from(to)
    this.#existing = existing
    this.#setsOwners = owners && process.geteuid?.() === 0
  }

  prepare(): void {
    try {
      mkdirSync(this.root, { recursive: true, mode: ownerOnly })
      if (this.#existing !== 'refuse' || readdirSync(this.root).length === 0) return
    } catch (error) {
      throw new EffectError('restore_failed', `the folder to restore into cannot be used: ${describeError(error)}`, { cause: error })
    }
    throw new ConfigError(
      'restore_target_not_empty',
      `${this.root.toString()} is not empty; choose an empty folder, or say what shall become of what is there`,
    )
  }

  /** Undefined when the path is free now; else why nothing may be put there. `kept` is what was asked for. */
  clear(folder: Buffer, path: Buffer): 'kept' | { readonly reason: string } | undefined {
    if (this.#made.has(folder.toString('latin1'))) return undefined
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    if (this.#existing === 'keep') return 'kept'
    if (stat.isDirectory()) return { reason: 'a folder is in its place' }
    // A new file instead of new content: the old one may have other names, which are none of ours.
    unlinkSync(path)
    return undefined
  }

  /** Makes a folder, or takes the one that is there. Undefined, or why it cannot be. */
  folder(path: Buffer): string | undefined {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) return undefined
    if (stat !== undefined) {
      if (this.#existing === 'keep') return 'something that is no folder is in its place'
      unlinkSync(path)
    }
    mkdirSync(path, ownerOnly)
    this.#made.add(path.toString('latin1'))
    return undefined
  }

  /** Of a thing that is no file. Undefined, or why it cannot be made. */
  async special(path: Buffer, node: TreeNode): Promise<string | undefined> {
    try {
      if (node.type === 'symlink') {
        if (node.linkTarget === undefined) return 'the snapshot does not say where the link leads'
        symlinkSync(node.linkTarget, path)
      } else if (node.type === 'fifo' || node.type === 'dev' || node.type === 'chardev') await makeSpecial(path, node)
      else return `a ${node.type} is made by the program that owns it`
    } catch (error) {
      return describeError(error)
    }
    return describePath(path, this.metadataOf(node), node.type === 'symlink')
  }

  /** Another name of a file. Undefined, or why it cannot be. */
  link(first: Buffer, path: Buffer): string | undefined {
    try {
      linkSync(first, path)
      return undefined
    } catch (error) {
      return describeError(error)
    }
  }

  metadataOf(node: TreeNode): Metadata {
    const owner = this.#setsOwners ? { uid: node.uid, gid: node.gid } : undefined
    return { mode: node.mode, mtimeSeconds: Number(node.mtimeNs) / 1e9, owner, xattrs: node.xattrs ?? [] }
  }
}

async function makeSpecial(path: Buffer, node: TreeNode): Promise<void> {
  const text = path.toString()
  if (!Buffer.from(text).equals(path)) throw new Error('its name is no text, which mknod needs')
  const { major, minor } = splitDevice(node.device ?? 0n)
  const kind = { fifo: ['p'], dev: ['b', `${major}`, `${minor}`], chardev: ['c', `${major}`, `${minor}`] }
  await run('mknod', ['-m', '600', '--', text, ...kind[node.type as keyof typeof kind]], { timeout: mknodTimeoutMs })
}

/** As Linux packs both numbers into one of 64 bits. */
export function splitDevice(device: bigint): { major: number; minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  }
}
