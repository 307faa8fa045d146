import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { emptyState, trimState } from '../../src/state/healer-state.ts'
import { RunStore } from '../../src/state/run-store.ts'
import { runFixture, startMs } from '../playbook/run-fixture.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-run-store-'))
  file = join(folder, 'healer.json')
})

afterEach(() => {
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true, force: true })
})

const state = { ...emptyState, runs: { web: runFixture({ phase: 'acting', attempt: 1 }) }, seen: ['e1'] }

test('what is saved is loaded by the next process, and only its owner may read it', async () => {
  await new RunStore(folder).save(state)
  expect(await new RunStore(folder).load()).toEqual(state)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['healer.json'])
})

test('the first start begins with nothing', async () => {
  expect(await new RunStore(folder).load()).toEqual(emptyState)
})

test('a save that was cut short leaves the state before it', async () => {
  await new RunStore(folder).save(state)
  writeFileSync(`${file}.tmp`, '{"schema_ver')
  expect(await new RunStore(folder).load()).toEqual(state)
})

test.each([
  ['no JSON', '{"schema_version": 1, "sta'],
  ['another shape', '{"schema_version": 1, "state": {"runs": []}}'],
  ['nothing', ''],
])('a file with %s is not taken for an empty state', async (_, text) => {
  writeFileSync(file, text)
  await expect(new RunStore(folder).load()).rejects.toMatchObject({
    code: 'state_damaged',
    message: expect.stringContaining('move it away') as string,
  })
})

test('the state of a newer version is refused, not guessed at', async () => {
  await new RunStore(folder).save(state)
  writeFileSync(file, readFileSync(file, 'utf8').replace('"schema_version":1', '"schema_version":2'))
  await expect(new RunStore(folder).load()).rejects.toMatchObject({ code: 'state_too_new' })
})

test('a folder that cannot be written is a transient error with what to do', async () => {
  const blocked = join(folder, 'blocked')
  writeFileSync(blocked, 'a file where the folder should be')
  await expect(new RunStore(blocked).save(state)).rejects.toMatchObject({ code: 'state_not_saved', transient: true })
})

test('old and surplus entries are trimmed', () => {
  const ended = { id: 'r', playbook: 'p', target: 't', phase: 'recovered' as const, attempt: 1, startedMs: 0, reason: null }
  const trimmed = trimState(
    {
      ...emptyState,
      ended: [{ ...ended, endedMs: startMs - 86_400_000 }, ...Array.from({ length: 600 }, () => ({ ...ended, endedMs: startMs }))],
      seen: Array.from({ length: 1200 }, (_, index) => `e${index}`),
    },
    startMs,
  )
  expect(trimmed.ended).toHaveLength(500)
  expect(trimmed.seen).toHaveLength(1000)
  expect(trimmed.seen.at(-1)).toBe('e1199')
})
