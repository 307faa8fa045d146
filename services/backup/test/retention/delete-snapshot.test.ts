import { expect, test } from 'vitest'
import { deleteSnapshot } from '../../src/retention/delete-snapshot.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { backUp, createRepository, HandClock } from '../snapshot/test-repository.ts'

const mine = { hostname: 'here', clock: new HandClock() }

test('a person may delete any snapshot but the last verified one of its job', async () => {
  const repository = await createRepository()
  const verified = await backUp(repository, { a: ['1'] }, { timeMs: 1, tags: ['job=db', 'verified=2026-01-01T00:00:00.000Z'] })
  const newer = await backUp(repository, { a: ['2'] }, { timeMs: 2, tags: ['job=db'] })
  await expect(deleteSnapshot(repository, verified.id, mine)).rejects.toMatchObject({ code: 'last_snapshot' })
  await expect(deleteSnapshot(repository, newer.id, { ...mine, minAgeMs: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({
    code: 'snapshot_too_new',
  })
  expect((await deleteSnapshot(repository, newer.id, mine)).id).toBe(newer.id)
  await expect(deleteSnapshot(repository, newer.id, mine)).rejects.toMatchObject({ code: 'snapshot_gone' })
  await deleteSnapshot(repository, verified.id, { ...mine, evenLast: true })
  expect(await listSnapshots(repository)).toEqual([])
})
