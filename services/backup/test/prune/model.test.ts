import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NightshiftError } from '@nightshift/shared/errors'
import { check } from '../../src/check/check.ts'
import { copySnapshot } from '../../src/copy/copy-snapshot.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { acquireLock } from '../../src/lock/repository-lock.ts'
import { prune } from '../../src/prune/prune.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository, HandClock, reopen, type Files } from '../snapshot/test-repository.ts'
import { contentsOf } from './contents.ts'

type Action =
  | { readonly kind: 'backup' | 'restic backup'; readonly pieces: readonly number[] }
  | { readonly kind: 'forget' | 'restic forget' | 'copy'; readonly which: number }
  | { readonly kind: 'prune'; readonly graceMs: number }
  | { readonly kind: 'backup during prune'; readonly pieces: readonly number[] }
  | { readonly kind: 'restic prune' | 'a day passes' }

const dayMs = 86_400_000
/** A few for every day; `NIGHTSHIFT_MODEL_RUNS=50` for a long night. */
const runs = Number(process.env['NIGHTSHIFT_MODEL_RUNS'] ?? 2)
const pieces = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 })
const which = fc.nat({ max: 20 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('backup' as const, 'restic backup' as const), pieces }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('forget' as const, 'restic forget' as const, 'copy' as const), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('prune' as const), graceMs: fc.constantFrom(0, dayMs) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('backup during prune' as const), pieces }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('restic prune' as const, 'a day passes' as const) }) },
)

/** One repository with its copy, worked on by two instances of ours and the real restic, and what must be in it. */
class World {
  readonly #folder: string
  readonly #restic: Restic | undefined
  readonly #clock = new HandClock(Date.now())
  /** What each snapshot holds, by its tree: the tree stays when its snapshot is written anew. */
  readonly #expected = new Map<string, Readonly<Record<string, string>>>()
  #turn = 0
  #readAll = 0

  constructor(folder: string, restic: Restic | undefined) {
    this.#folder = folder
    this.#restic = restic
  }

  get readAll(): number {
    return this.#readAll
  }

  async act(done: Action): Promise<void> {
    const { kind } = done
    if (kind === 'backup') await this.#backUp(done.pieces)
    if (kind === 'restic backup') await this.#resticBackUp(done.pieces)
    if (kind === 'forget' || kind === 'restic forget' || kind === 'copy') await this.#onOne(kind, done.which)
    if (kind === 'prune')
      await prune(await this.#open(), { hostname: 'here', clock: this.#clock, graceMs: done.graceMs, maxUnused: 0, waitMs: 5000 })
    if (kind === 'backup during prune') await this.#race(done.pieces)
    if (kind === 'restic prune') await this.#restic?.run('prune', '--max-unused', '0')
    if (kind === 'a day passes') this.#clock.advance(dayMs)
  }

  /** What is wrong: a snapshot of the repository or of its copy that does not hold what it held. */
  async faults(): Promise<string[]> {
    const faults: string[] = []
    for (const name of ['repository', 'copy']) {
      const repository = await this.#open(name)
      const snapshots = await listSnapshots(repository)
      if (snapshots.length === 0) continue
      const { findings } = await check(repository, { readData: true })
      faults.push(...findings.filter(({ severity }) => severity === 'error').map(({ message }) => message))
      for (const snapshot of snapshots) {
        const contents = await contentsOf(repository, snapshot)
        const expected = this.#expected.get(snapshot.tree) ?? contents
        this.#expected.set(snapshot.tree, expected)
        if (!isDeepStrictEqual(contents, expected)) faults.push(`the snapshot ${snapshot.id} of the ${name} holds something else`)
        this.#readAll += 1
      }
    }
    return faults
  }

  async #open(name = 'repository'): Promise<Repository> {
    return reopen(new LocalStore(join(this.#folder, name)))
  }

  async #backUp(numbers: readonly number[]): Promise<void> {
    const repository = await this.#open()
    const lock = await acquireLock(repository, { exclusive: false, hostname: 'there', clock: this.#clock, waitMs: 5000 })
    try {
      await repository.loadIndex()
      const files: Files = Object.fromEntries(numbers.map((number) => [`f${number}`, [`piece ${number} `.repeat(50)]]))
      const snapshot = await backUp(repository, files, { timeMs: this.#clock.now() + ++this.#turn })
      this.#expected.set(snapshot.tree, await contentsOf(repository, snapshot))
    } finally {
      await lock.release()
    }
  }

  async #resticBackUp(numbers: readonly number[]): Promise<void> {
    const source = join(this.#folder, `source ${++this.#turn}`)
    mkdirSync(source)
    for (const number of numbers) writeFileSync(join(source, `f${number}`), `piece ${number} `.repeat(50))
    await this.#restic?.run('backup', source)
  }

  async #onOne(kind: 'forget' | 'restic forget' | 'copy', number: number): Promise<void> {
    const repository = await this.#open()
    const snapshots = await listSnapshots(repository)
    const chosen = snapshots[number % Math.max(1, snapshots.length)]
    if (chosen === undefined) return
    if (kind === 'forget') await repository.store.remove({ type: 'snapshot', id: chosen.id })
    if (kind === 'restic forget') await this.#restic?.run('forget', chosen.id)
    if (kind === 'copy') await copySnapshot(repository, await this.#open('copy'), chosen, { signal: new AbortController().signal })
  }

  async #race(numbers: readonly number[]): Promise<void> {
    const pruning = prune(await this.#open(), { hostname: 'here', clock: this.#clock, graceMs: 0, maxUnused: 0 })
    for (const { status, ...outcome } of await Promise.allSettled([pruning, this.#backUp(numbers)])) {
      if (status === 'fulfilled') continue
      const { reason } = outcome as { reason: unknown }
      // One of them was there first.
      if (!(reason instanceof NightshiftError) || reason.code !== 'repository_locked') throw reason
    }
  }
}

const binaries: (string | undefined)[] = resticBinaries()
if (binaries.length === 0) binaries.push(undefined)

for (const binary of binaries) {
  test(
    `whatever two instances and ${binary ?? 'no other'} do in whatever order, every snapshot can be read`,
    { timeout: 180_000 },
    async () => {
      let readAll = 0
      await fc.assert(
        fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 14 }), async (actions) => {
          await withFolder(async (folder) => {
            const first = await createRepository(new LocalStore(join(folder, 'repository')))
            await createRepository(new LocalStore(join(folder, 'copy')), first.polynomial)
            const restic = binary === undefined ? undefined : new Restic(binary, join(folder, 'repository'))
            const world = new World(folder, restic)
            for (const next of actions) {
              await world.act(next)
              expect(await world.faults()).toEqual([])
            }
            await restic?.run('check', '--read-data')
            readAll += world.readAll
          })
        }),
        { numRuns: runs, endOnFailure: true },
      )
      expect(readAll).toBeGreaterThan(0)
    },
  )
}
