import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ContractError, EffectError } from '@nightshift/shared/errors'
import { emptyState, healerStateSchema, type HealerState } from './healer-state.ts'

const schemaVersion = 1
const fileSchema = z.object({ schema_version: z.number(), state: z.unknown() })

/** Keeps the state in `<folder>/healer.json`, whole or not at all, on the disk before `save` resolves. One save at a time. */
export class RunStore {
  private readonly folder: string
  private readonly path: string

  constructor(folder: string) {
    this.folder = folder
    this.path = join(folder, 'healer.json')
  }

  async load(): Promise<HealerState> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return emptyState
      throw new EffectError('state_unreadable', `cannot read ${this.path}; make it readable for the healer's user`, { cause: error })
    }
    const file = fileSchema.safeParse(parse(text))
    if (file.success && file.data.schema_version > schemaVersion) {
      throw new ContractError(
        'state_too_new',
        `${this.path} was written by a newer version; start that one, or move the file away (its limits are then forgotten)`,
      )
    }
    const state = healerStateSchema.safeParse(file.data?.state)
    if (!state.success) {
      throw new ContractError(
        'state_damaged',
        `${this.path} is damaged; move it away to start anew (runs and limits of the last day are then forgotten)`,
        {
          cause: state.error,
        },
      )
    }
    return state.data
  }

  async save(state: HealerState): Promise<void> {
    const temporary = `${this.path}.tmp`
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 })
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify({ schema_version: schemaVersion, state }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
      await this.syncFolder()
    } catch (cause) {
      throw new EffectError(
        'state_not_saved',
        `cannot write ${this.path}; free space or correct its permissions: until then nothing is healed`,
        {
          transient: true,
          severity: 'high',
          cause,
        },
      )
    }
  }

  /** Makes the new name last too. */
  private async syncFolder(): Promise<void> {
    const folder = await open(this.folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
