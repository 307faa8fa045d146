import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { encodeLock, isStale, ownLock, type LockDocument, type Witness } from '../../src/lock/lock-document.ts'
import { readLocks, removeStaleLocks } from '../../src/lock/held-locks.ts'
import { decideRefresh } from '../../src/lock/refresh.ts'
import { acquireLock } from '../../src/lock/repository-lock.ts'
import { Restic, resticBinaries, resticPassword, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository, HandClock, idsOf, reopen } from '../snapshot/test-repository.ts'

const minuteMs = 60_000
const mine = { hostname: 'here', clock: systemClock }

describe('who may work at the same time', () => {
  test('shared locks go together, an exclusive one goes alone', async () => {
    const repository = await createRepository()
    const first = await acquireLock(repository, { ...mine, exclusive: false })
    const second = await acquireLock(repository, { ...mine, exclusive: false })
    await expect(acquireLock(repository, { ...mine, exclusive: true })).rejects.toMatchObject({
      code: 'repository_locked',
      transient: true,
    })
    await first.release()
    await second.release()
    await second.release()
    const alone = await acquireLock(repository, { ...mine, exclusive: true })
    await expect(acquireLock(repository, { ...mine, exclusive: false })).rejects.toThrow(
      /locked for maintenance by .*@here \(process \d+\)/,
    )
    await alone.release()
    expect(await idsOf(repository.store, 'lock')).toEqual([])
  })

  test('of many that want it alone at the same instant one has it, and in the end each had it', async () => {
    const store = new MemoryStore()
    await createRepository(store)
    const repositories = await Promise.all([reopen(store), reopen(store), reopen(store)])
    let holders = 0
    const turns = repositories.map(async (repository) => {
      const lock = await acquireLock(repository, { ...mine, exclusive: true, waitMs: 20_000 })
      holders += 1
      expect(holders).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 50))
      holders -= 1
      await lock.release()
    })
    await Promise.all(turns)
    expect(await idsOf(store, 'lock')).toEqual([])
  })

  test('who waits is let go by his signal', async () => {
    const repository = await createRepository()
    const lock = await acquireLock(repository, { ...mine, exclusive: true })
    const waiting = acquireLock(repository, { ...mine, exclusive: false, waitMs: 60_000, signal: AbortSignal.timeout(100) })
    await expect(waiting).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) })
    await lock.release()
  })
})

describe('locks that nobody holds', () => {
  const seen: Witness = { hostname: 'here', pidNamespace: 'pid:[1]', startedOf: (pid) => (pid === 10 ? 'boot:5' : undefined) }
  const ours: LockDocument = {
    timeMs: 0,
    exclusive: true,
    hostname: 'here',
    username: 'u',
    pid: 10,
    started: 'boot:5',
    pidNamespace: 'pid:[1]',
  }
  const { started: _, pidNamespace: __, ...theirs } = ours

  test.each([
    ['ours, process alive', ours, 20 * minuteMs, false],
    ['ours, process gone', { ...ours, pid: 11 }, 1000, true],
    ['ours, pid taken by a later process', { ...ours, started: 'boot:4' }, 1000, true],
    ['ours, from another container of this name', { ...ours, pid: 11, pidNamespace: 'pid:[2]' }, minuteMs, false],
    ['of another host', { ...ours, hostname: 'there', pid: 11 }, 29 * minuteMs, false],
    ['of restic, process gone, young', { ...theirs, pid: 11 }, 9 * minuteMs, false],
    ['of restic, process gone, old', { ...theirs, pid: 11 }, 11 * minuteMs, true],
    ['not refreshed for half an hour', ours, 30 * minuteMs + 1, true],
    ['from a clock that is ahead', { ...theirs, timeMs: 5 * minuteMs }, 0, false],
  ] as const)('%s', (_name, lock, nowMs, stale) => {
    expect(isStale(lock, seen, nowMs)).toBe(stale)
  })

  test('the lock of a process that was killed is removed by the next, that of another host is left', async () => {
    const repository = await createRepository()
    const dead = { ...ownLock({ exclusive: true, hostname: 'here', nowMs: Date.now() }), pid: 2 ** 22 + 1 }
    await repository.writeJson('lock', encodeLock(dead))
    const lock = await acquireLock(repository, { ...mine, exclusive: true })
    await lock.release()
    await repository.writeJson('lock', encodeLock({ ...dead, hostname: 'there' }))
    expect(await removeStaleLocks(repository, mine)).toEqual([])
    await expect(acquireLock(repository, { ...mine, exclusive: false })).rejects.toThrow('@there')
  })

  test('an empty lock file counts for nothing, one that stays unreadable stops the work', async () => {
    const store = new MemoryStore()
    const repository = await createRepository(store)
    await store.write({ type: 'lock', id: '00'.repeat(32) }, Buffer.alloc(0))
    expect(await readLocks(repository)).toEqual([])
    await store.write({ type: 'lock', id: '11'.repeat(32) }, Buffer.from('no lock at all'))
    await expect(readLocks(repository, { readAgainAfterMs: [1, 1] })).rejects.toMatchObject({ code: 'lock_unreadable', transient: true })
  })
})

describe('a lock that is held for long', () => {
  test('is refreshed every five minutes, tried again after a failure, and given up in time', () => {
    const ages = (sinceRefreshMin: number, sinceTryMs = 1e9) => ({ sinceRefreshMs: sinceRefreshMin * minuteMs, sinceTryMs })
    expect(decideRefresh(ages(4.9))).toBe('rest')
    expect(decideRefresh(ages(5))).toBe('refresh')
    expect(decideRefresh(ages(6, 1000))).toBe('rest')
    expect(decideRefresh(ages(22.5, 0))).toBe('last_chance')
  })

  test('gets a new file before the old one goes', async () => {
    const clock = new HandClock()
    const repository = await createRepository()
    const lock = await acquireLock(repository, { exclusive: true, hostname: 'here', clock, tickMs: 5 })
    const [before] = await readLocks(repository)
    clock.advance(6 * minuteMs)
    await vi.waitFor(async () => {
      const [after, ...others] = await readLocks(repository)
      expect(after?.lock.timeMs).toBe(clock.now())
      expect(after?.id).not.toBe(before?.id)
      expect(others).toEqual([])
    })
    expect(lock.signal.aborted).toBe(false)
    await lock.release()
  })

  test('outlives the sleep of its host when nobody has removed it', async () => {
    const clock = new HandClock()
    const repository = await createRepository()
    const lock = await acquireLock(repository, { exclusive: true, hostname: 'here', clock, tickMs: 5 })
    clock.advance(600 * minuteMs)
    await vi.waitFor(async () => expect((await readLocks(repository))[0]?.lock.timeMs).toBe(clock.now()))
    expect(lock.signal.aborted).toBe(false)
    await lock.release()
  })

  test('says so at once when somebody removed its file', async () => {
    const clock = new HandClock()
    const repository = await createRepository()
    const lock = await acquireLock(repository, { exclusive: true, hostname: 'here', clock, tickMs: 5 })
    for (const id of await idsOf(repository.store, 'lock')) await repository.store.remove({ type: 'lock', id })
    clock.advance(6 * minuteMs)
    await vi.waitFor(() => expect(lock.signal.aborted).toBe(true))
    expect(lock.signal.reason).toMatchObject({ code: 'lock_lost', transient: true })
    await lock.release()
    expect(await idsOf(repository.store, 'lock')).toEqual([])
  })

  test('is let go also when the store is away, so that good work does not fail at its end', async () => {
    const store = new MemoryStore()
    const repository = await createRepository(store)
    const lock = await acquireLock(repository, { ...mine, exclusive: false })
    vi.spyOn(store, 'remove').mockRejectedValue(new Error('the store is away'))
    await expect(lock.release()).resolves.toBeUndefined()
  })

  test('is lost when the store is away for 22.5 minutes, and not before', async () => {
    const clock = new HandClock()
    const store = new MemoryStore()
    const repository = await createRepository(store)
    const lock = await acquireLock(repository, { exclusive: true, hostname: 'here', clock, tickMs: 5 })
    const away = vi.spyOn(store, 'write').mockRejectedValue(new Error('the store is away'))
    clock.advance(22 * minuteMs)
    await vi.waitFor(() => expect(away).toHaveBeenCalled())
    expect(lock.signal.aborted).toBe(false)
    clock.advance(minuteMs)
    await vi.waitFor(() => expect(lock.signal.aborted).toBe(true))
    expect(String(lock.signal.reason)).toContain('the store is away')
    await lock.release()
  })
})

for (const binary of resticBinaries()) {
  test(`${binary} respects our lock, and we respect its own`, { timeout: 60_000 }, async () => {
    await withFolder(async (parent) => {
      const folder = join(parent, 'repository')
      const repository = await createRepository(new LocalStore(folder))
      await backUp(repository, { 'a.txt': ['hello'] }, { timeMs: Date.now() })
      const restic = new Restic(binary, folder)

      const ours = await acquireLock(repository, { ...mine, exclusive: false })
      expect(await restic.run('snapshots')).toContain('test')
      expect(await restic.failure('prune')).toContain('already locked')
      await ours.release()
      const alone = await acquireLock(repository, { ...mine, exclusive: true })
      expect(await restic.failure('backup', '--stdin')).toContain('exclusively')
      await alone.release()

      const child = spawn(binary, ['--repo', folder, '--no-cache', 'backup', '--stdin'], {
        env: { ...process.env, RESTIC_PASSWORD: resticPassword },
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      await vi.waitFor(async () => expect(await idsOf(repository.store, 'lock')).toHaveLength(1), { timeout: 20_000 })
      const shared = await acquireLock(repository, { ...mine, exclusive: false })
      await shared.release()
      await expect(acquireLock(repository, { ...mine, exclusive: true })).rejects.toThrow(`process ${child.pid}`)
      const waiting = acquireLock(repository, { ...mine, exclusive: true, waitMs: 20_000 })
      child.stdin.end('done')
      await once(child, 'exit')
      await (await waiting).release()
      await repository.close()
    })
  })
}
