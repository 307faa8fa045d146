import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { newId } from '@nightshift/shared/ids'
import { backupConfigSchema } from '../../src/config.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { performRun } from '../../src/jobs/perform-run.ts'
import { Destinations } from '../../src/local/destinations.ts'
import { Repository } from '../../src/repository/repository.ts'
import { performRestore, type RestoreOutcome } from '../../src/restore/perform-restore.ts'
import { prepareRestore } from '../../src/restore/prepare-restore.ts'
import { restoreRequestSchema } from '../../src/restore/request.ts'
import type { RestoreParts } from '../../src/restore/restore-parts.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'

export const host = 'web-1'
const password = 'correct-horse-Battery-9'

/** A repository in a folder, jobs, and what restores need; all of it below one temporary folder. */
export class RestoreScene {
  readonly folder: string
  readonly steps: string[] = []

  constructor(folder = mkdtempSync(join(tmpdir(), 'nightshift-restore-'))) {
    this.folder = folder
  }

  static async make(): Promise<RestoreScene> {
    const scene = new RestoreScene()
    for (const name of ['work', 'restores', 'live']) mkdirSync(scene.path(name))
    const store = new LocalStore(scene.path('disk'))
    const owner = { password, host, username: 'test', nowMs: Date.now(), kdf: { N: 1024, r: 8, p: 1 } }
    await (await Repository.create(store, owner)).close()
    await store.close()
    return scene
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  parts(jobs: Record<string, unknown>, changes: Partial<RestoreParts> & { sets?: Record<string, unknown> } = {}): RestoreParts {
    const { sets = {}, ...rest } = changes
    const destinations = { disk: { kind: 'local', path: this.path('disk') } }
    const config = backupConfigSchema.parse({ password, destinations, jobs, sets, workers: 1 })
    return {
      config,
      destinations: new Destinations(config, { host, nats: baseConfigSchema.parse({}).nats, clock: systemClock }),
      host,
      username: 'test',
      version: '0.0.0',
      timezone: 'UTC',
      clock: systemClock,
      log: pino({ level: 'silent' }),
      workDir: this.path('work'),
      journalDir: this.path('restores'),
      signal: new AbortController().signal,
      onProgress: ({ step }) => void this.steps.push(step),
      ...rest,
    }
  }

  async backUp(job: string, parts: RestoreParts): Promise<Snapshot> {
    const config = parts.config.jobs[job]
    if (config === undefined) throw new Error(`no job ${job}`)
    const run = newId(Date.now())
    const { snapshot } = await performRun({ ...parts, job, config, run, name: run, workers: 1, onProgress: () => undefined })
    return snapshot
  }

  async restore(request: Record<string, unknown>, parts: RestoreParts): Promise<RestoreOutcome> {
    return await performRestore(await prepareRestore(restoreRequestSchema.parse(request), parts), 'ana', parts)
  }

  /** Nothing of a restore is left besides what it was for. */
  leftovers(): string[] {
    const found = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter(({ name }) =>
      name.startsWith('.nightshift-restore-'),
    )
    return [...found.map(({ name }) => name), ...readdirSync(this.path('restores')), ...readdirSync(this.path('work'))]
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Names, kinds, modes, owners, times and contents of all below a path, as one hash. */
export function fingerprint(path: string): string {
  const hash = createHash('sha256')
  const add = (at: string): void => {
    const stat = lstatSync(at, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return void hash.update('absent')
    hash.update(`${at} ${stat.mode} ${stat.uid} ${stat.gid} ${stat.isDirectory() ? '' : stat.mtimeNs / 1_000_000n}\n`)
    if (stat.isSymbolicLink()) hash.update(readlinkSync(at))
    else if (stat.isFile()) hash.update(readFileSync(at))
    else if (stat.isDirectory()) for (const name of readdirSync(at).sort()) add(join(at, name))
  }
  add(path)
  return hash.digest('hex')
}
