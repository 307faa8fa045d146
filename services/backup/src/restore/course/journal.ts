import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EffectError } from '@nightshift/shared/errors'
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
      const file = await open(`${path}.tmp`, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(journal))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.tmp`, path)
      await syncFolder(this.#folder)
    } catch (cause) {
      throw new EffectError('journal_not_written', `cannot write ${path}; free space, or correct its permissions`, { cause })
    }
  }

  async remove(run: string): Promise<void> {
    await rm(this.#path(run), { force: true })
  }

  /** Those whose process is gone, oldest first. Throws EffectError `journal_damaged`: nobody knows then what a restore has left. */
  async abandoned(): Promise<Journal[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const journals: Journal[] = []
    for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
      const path = join(this.#folder, name)
      const journal = journalSchema.safeParse(parse(await readFile(path, 'utf8')))
      if (!journal.success)
        throw new EffectError('journal_damaged', `${path} is damaged; look by hand what that restore has left, then remove the file`, {
          cause: journal.error,
        })
      if (!isAlive(journal.data)) journals.push(journal.data)
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
