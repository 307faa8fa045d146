import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConflictError, EffectError } from '@nightshift/shared/errors'
import { memberStateSchema } from './member-state.ts'

const courseSchema = z.object({
  mode: z.enum(['beside', 'in_place', 'rows']),
  members: z.int().min(1),
  withSafety: z.boolean(),
  phase: z.enum(['forward', 'back', 'done', 'undone', 'stuck']),
  at: z.int().nonnegative(),
  reached: z.int().nonnegative(),
  failure: z.string().nullable(),
  problems: z.array(z.string()).readonly(),
})

const journalSchema = z.object({
  schema_version: z.literal(1),
  run: z.string(),
  actor: z.string(),
  startedMs: z.number(),
  /** Who carries it out: a process that is still there is left alone. */
  pid: z.int(),
  pidStart: z.string(),
  course: courseSchema,
  members: z.array(memberStateSchema).min(1),
})
/** What is written down of a restore, so that the next start can finish it or take it back. */
export type Journal = z.infer<typeof journalSchema>

/** One file for each restore that is not over: `<folder>/<run>.json`. */
export class JournalStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Durable when it resolves. */
  async write(journal: Journal): Promise<void> {
    const path = this.#path(journal.run)
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      const draft = `${path}.${process.pid}.tmp`
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(journal))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
      await syncFolder(this.#folder)
    } catch (cause) {
      throw new EffectError('journal_not_written', `cannot write ${path}; free space, or correct its permissions`, { cause })
    }
  }

  async remove(run: string): Promise<void> {
    await rm(this.#path(run), { force: true })
  }

  /** Those whose process is gone, oldest first; what they had begun to write goes. Throws EffectError `journal_damaged`. */
  async abandoned(): Promise<Journal[]> {
    const canTell = startOf(process.pid) !== undefined
    for (const name of await this.#names()) {
      const pid = /\.(\d+)\.tmp$/.exec(name)?.[1]
      if (pid !== undefined && canTell && startOf(Number(pid)) === undefined) await rm(join(this.#folder, name), { force: true })
    }
    return (await this.#all()).filter((journal) => !isAlive(journal))
  }

  /** Throws ConflictError `restore_under_way` when another process restores one of these jobs. */
  async refuseOthers(jobs: readonly string[]): Promise<void> {
    for (const journal of await this.#all()) {
      const job = journal.members.find((member) => jobs.includes(member.job))?.job
      if (job === undefined || !isAlive(journal)) continue
      throw new ConflictError('restore_under_way', `process ${journal.pid} restores ${job} right now; wait for its end`, {
        transient: true,
      })
    }
  }

  async #names(): Promise<string[]> {
    const names: string[] = await readdir(this.#folder).catch(() => [])
    return names.toSorted()
  }

  /** A damaged one is an error: nobody knows then what a restore has left. */
  async #all(): Promise<Journal[]> {
    const journals: Journal[] = []
    for (const name of (await this.#names()).filter((each) => each.endsWith('.json'))) {
      const path = join(this.#folder, name)
      const journal = journalSchema.safeParse(parse(await readFile(path, 'utf8')))
      if (!journal.success)
        throw new EffectError('journal_damaged', `${path} is damaged; look by hand what that restore has left, then remove the file`, {
          cause: journal.error,
        })
      journals.push(journal.data)
    }
    return journals
  }

  #path(run: string): string {
    return join(this.#folder, `${run}.json`)
  }
}

/** This process, as a journal names it. */
export function thisProcess(): Pick<Journal, 'pid' | 'pidStart'> {
  return { pid: process.pid, pidStart: startOf(process.pid) ?? '' }
}

/** A number of a process that ended is given to another one; when it began is its own. */
function isAlive({ pid, pidStart }: Journal): boolean {
  const start = startOf(pid)
  if (start !== undefined) return start === pidStart
  if (pidStart !== '') return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The boot and the tick at which a process began; undefined when it is not there, or this is no Linux. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19] ?? ''}`
  } catch {
    return undefined
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
