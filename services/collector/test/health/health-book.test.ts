import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { BusError } from '@nightshift/shared/errors'
import { HealthBook } from '../../src/health/health-book.ts'
import { keptLog } from '../kept-log.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-book-'))
  folders.push(folder)
  return folder
}

/** Far more than it takes: only a machine that is very busy comes near it. */
const patience = { timeout: 10_000, interval: 20 }

type Publish = (event: HealthEvent) => Promise<unknown>

async function openBook(stateDir: string, publish: Publish, host = 'web-1'): Promise<HealthBook> {
  return await HealthBook.open({ stateDir, origin: { host, source: `collector@${host}` }, log: keptLog().log, publish })
}

const thresholds = { failures: 1, successes: 1 }
let runs = 0
function note(book: HealthBook, ok: boolean, check = 'web'): void {
  book.note(check, 'tcp', { eventId: `run-${++runs}`, ok, error: ok ? null : 'connection refused' }, thresholds, 1_700_000_000_000 + runs)
}

test('transitions are published in order, and a restart repeats none of them', async () => {
  const stateDir = newFolder()
  const sent: HealthEvent[] = []
  const publish: Publish = async (event) => sent.push(event)
  const book = await openBook(stateDir, publish)
  for (const ok of [true, false, false, true, false]) note(book, ok)
  await vi.waitFor(() => expect(sent).toHaveLength(4), patience)
  await book.stop()
  const again = await openBook(stateDir, publish)
  note(again, false)
  note(again, true)
  await vi.waitFor(() => expect(sent).toHaveLength(5), patience)
  await again.stop()
  expect(sent.map(({ previous, state }) => `${previous}>${state}`)).toEqual([
    'null>ok',
    'ok>failing',
    'failing>ok',
    'ok>failing',
    'failing>ok',
  ])
  expect(new Set(sent.map(({ id }) => id)).size).toBe(5)
  expect(sent[3]?.correlation_id).toBe(sent[4]?.correlation_id)
})

test('a transition is on the disk before it is published', async () => {
  const stateDir = newFolder()
  const seen: string[] = []
  const book = await openBook(stateDir, async (event) => {
    const record = JSON.parse(readFileSync(join(stateDir, 'health.json'), 'utf8'))
    seen.push(...record.outbox.map(({ id }: HealthEvent) => id), event.id)
  })
  note(book, false)
  await vi.waitFor(() => expect(seen).toHaveLength(2), patience)
  await book.stop()
  expect(seen[0]).toBe(seen[1])
})

test('after a crash between publishing and writing it down, the same event goes out under the same id', async () => {
  const stateDir = newFolder()
  const path = join(stateDir, 'health.json')
  const sent: HealthEvent[] = []
  let atTheCrash = ''
  const book = await openBook(stateDir, async (event) => {
    sent.push(event)
    atTheCrash = readFileSync(path, 'utf8')
  })
  note(book, false)
  await vi.waitFor(() => expect(sent).toHaveLength(1), patience)
  await book.stop()
  writeFileSync(path, atTheCrash)
  const again = await openBook(stateDir, async (event) => sent.push(event))
  note(again, true)
  await vi.waitFor(() => expect(sent).toHaveLength(3), patience)
  await again.stop()
  expect(sent[1]).toEqual(sent[0])
  expect(sent[2]).toMatchObject({ previous: 'failing', state: 'ok' })
})

test('what cannot be published waits, is said, and goes out in order later', async () => {
  const sent: HealthEvent[] = []
  let refuses = true
  const book = await openBook(newFolder(), async (event) => {
    if (refuses) throw new BusError('spool_failed', 'no room', { transient: true })
    sent.push(event)
  })
  note(book, true)
  note(book, false)
  await vi.waitFor(() => expect(book.trouble()).toContain('cannot be published'), patience)
  expect(book.counts()).toMatchObject({ pending: 2, published: 0, failing: 1 })
  refuses = false
  await vi.waitFor(() => expect(sent).toHaveLength(2), patience)
  expect(sent.map(({ state }) => state)).toEqual(['ok', 'failing'])
  expect(book.trouble()).toBe('')
  await book.stop()
})

test('a stop while publishing fails does not wait for it, and the next start sends what was left', async () => {
  const stateDir = newFolder()
  const book = await openBook(stateDir, () => Promise.reject(new BusError('spool_failed', 'no room')))
  note(book, false)
  await vi.waitFor(() => expect(book.trouble()).not.toBe(''), patience)
  await book.stop()
  const sent: HealthEvent[] = []
  const again = await openBook(stateDir, async (event) => sent.push(event))
  await vi.waitFor(() => expect(sent).toMatchObject([{ check: 'web', state: 'failing' }]), patience)
  await again.stop()
})

test('a check that was taken out while the collector was down is announced as removed, once', async () => {
  const stateDir = newFolder()
  const sent: HealthEvent[] = []
  const publish: Publish = async (event) => sent.push(event)
  const book = await openBook(stateDir, publish)
  note(book, false, 'old')
  await book.stop()
  const again = await openBook(stateDir, publish)
  expect(again.names()).toEqual(['old'])
  again.remove('old', 1_700_000_100_000)
  again.remove('old', 1_700_000_100_001)
  await again.stop()
  expect(sent.map(({ state }) => state)).toEqual(['failing', 'removed'])
  const third = await openBook(stateDir, publish)
  expect(third.names()).toEqual([])
  await third.stop()
})

test('a record that cannot be understood is moved aside, and one of another host is not used', async () => {
  const stateDir = newFolder()
  writeFileSync(join(stateDir, 'health.json'), '{"half":')
  const book = await openBook(stateDir, async () => undefined)
  note(book, true)
  await book.stop()
  expect(readdirSync(stateDir).toSorted()).toEqual(['health.json', 'health.json.unreadable'])
  const renamed = await openBook(stateDir, async () => undefined, 'web-2')
  expect(renamed.names()).toEqual([])
  await renamed.stop()
})
