import { chown, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EffectError } from '@nightshift/shared/errors'
import { markOwner } from './owner-mark.ts'
import type { Account } from './process/server-account.ts'

/** A temporary folder that nobody else can enter. */
export class WorkFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(parent: string, name: string, owner?: Account): Promise<WorkFolder> {
    try {
      // mkdtemp makes it 0700.
      const path = await mkdtemp(join(parent, `${name}-`))
      markOwner(path)
      if (owner !== undefined) await chown(path, owner.uid, owner.gid)
      return new WorkFolder(path)
    } catch (cause) {
      throw new EffectError('no_work_folder', `cannot make a temporary folder in ${parent}: look whether it exists and can be written`, {
        cause,
      })
    }
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}
