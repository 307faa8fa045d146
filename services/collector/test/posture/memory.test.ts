import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ChangeEvent } from '@nightshift/shared/events/change'
import { changeEventSchema } from '@nightshift/shared/events/change'
import { BusError } from '@nightshift/shared/errors'
import { newLook, type Look } from '../../src/posture/look.ts'
import { remember, type Remembered } from '../../src/posture/memory.ts'
import { keptLog } from '../kept-log.ts'

const dayMs = 86_400_000
const start = 1_700_000_000_000

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-memory-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'posture', 'ports.jsonl')
}

function lookOf(...ports: string[]): Look {
  return { ...newLook(), parts: new Map([['ports', new Map(ports.map((port) => [`port ${port}`, { text: null }]))]]) }
}

async function see(
  path: string,
  look: Look,
  publish: (event: ChangeEvent) => Promise<unknown>,
  nowMs = start,
  host = 'web-1',
): Promise<Remembered> {
  const rules = { nowMs, alertForMs: dayMs, isIgnored: () => false }
  return await remember(path, 'ports', look, rules, { origin: { host, source: `collector@${host}` }, log: keptLog().log, publish })
}

test('each difference is one event of the contract, once, and counts as new for as long as the config says', async () => {
  const path = newPath()
  const sent: ChangeEvent[] = []
  const publish = async (event: ChangeEvent): Promise<unknown> => sent.push(changeEventSchema.parse(event))
  expect(await see(path, lookOf('22'), publish)).toMatchObject({ recent: [], found: 0 })
  expect(await see(path, lookOf('22', '4444'), publish, start + 1)).toMatchObject({
    recent: [{ text: 'port 4444 is new' }],
    found: 1,
    published: 1,
  })
  expect(await see(path, lookOf('22', '4444'), publish, start + dayMs)).toMatchObject({ recent: [{ text: 'port 4444 is new' }], found: 0 })
  expect(await see(path, lookOf('22', '4444'), publish, start + dayMs + 1)).toMatchObject({ recent: [], found: 0 })
  expect(await see(path, lookOf('22'), publish, start + dayMs + 2)).toMatchObject({ found: 1 })
  expect(sent.map(({ summary }) => summary)).toEqual(['port 4444 is new', 'port 4444 is gone'])
  expect(sent[0]?.detail).toEqual({ aspect: 'ports', change: 'added', item: 'port 4444', before: null, after: null })
})

test('a difference that comes, goes and comes again in one moment has three ids', async () => {
  const path = newPath()
  const ids: string[] = []
  const publish = async ({ id }: ChangeEvent): Promise<unknown> => ids.push(id)
  for (const look of [lookOf(), lookOf('1'), lookOf(), lookOf('1')]) await see(path, look, publish)
  expect(new Set(ids).size).toBe(3)
})

test('an event is written down before it is published', async () => {
  const path = newPath()
  await see(path, lookOf(), async () => undefined)
  let onDisk = ''
  const sent: string[] = []
  await see(path, lookOf('4444'), async ({ id }) => {
    onDisk = readFileSync(path, 'utf8')
    sent.push(id)
  })
  expect(onDisk).toContain(sent[0])
  expect(readFileSync(path, 'utf8')).not.toContain(sent[0])
})

test('what cannot be published waits in order and goes at the next look, under the same ids', async () => {
  const path = newPath()
  await see(path, lookOf(), async () => undefined)
  const tried: string[] = []
  const refuse = async ({ id }: ChangeEvent): Promise<unknown> => {
    tried.push(id)
    throw new BusError('spool_failed', 'no room')
  }
  expect(await see(path, lookOf('1'), refuse)).toMatchObject({ found: 1, published: 0 })
  expect(await see(path, lookOf('1', '2'), refuse)).toMatchObject({ found: 1, published: 0 })
  const sent: ChangeEvent[] = []
  expect(await see(path, lookOf('1', '2'), async (event) => sent.push(event))).toMatchObject({ found: 0, published: 2 })
  expect(sent.map(({ summary }) => summary)).toEqual(['port 1 is new', 'port 2 is new'])
  expect(tried).toEqual([sent[0]?.id, sent[0]?.id])
  expect(await see(path, lookOf('1', '2'), refuse)).toMatchObject({ published: 0 })
})

test('many differences at once are told singly up to a bound, the rest together; while too many wait none is lost', async () => {
  const path = newPath()
  const ports = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => String(from + index))
  await see(path, lookOf(), async () => undefined)
  const sent: ChangeEvent[] = []
  await see(path, lookOf(...ports(0, 80)), async (event) => sent.push(event))
  expect(sent).toHaveLength(51)
  expect(sent.at(-1)).toMatchObject({ summary: '30 more differences of ports at once', detail: { change: 'many', count: 30 } })

  const refuse = async (): Promise<never> => Promise.reject(new BusError('spool_failed', 'no room'))
  for (let round = 0; round < 10; round++) await see(path, lookOf(...ports(0, 130 + round * 50)), refuse)
  const full = await see(path, lookOf(...ports(0, 5000)), refuse)
  expect(full).toMatchObject({ found: 0, trouble: expect.stringContaining('cannot be published') })
  const later: ChangeEvent[] = []
  await see(path, lookOf(...ports(0, 5000)), async (event) => later.push(event))
  expect(later).toHaveLength(500)
  expect(await see(path, lookOf(...ports(0, 5000)), async () => undefined)).toMatchObject({ found: 4420, trouble: '' })
})

test('a file that cannot be understood, or of another host, is moved aside and the look is the first', async () => {
  const path = newPath()
  const never = async (): Promise<never> => Promise.reject(new Error('published'))
  await see(path, lookOf('1'), never)
  expect(await see(path, lookOf('2'), never, start, 'web-2')).toMatchObject({ found: 0 })
  writeFileSync(path, 'garbage\n')
  expect(await see(path, lookOf('3'), never)).toMatchObject({ found: 0 })
  expect(readdirSync(join(path, '..')).toSorted()).toEqual(['ports.jsonl', 'ports.jsonl.other-host', 'ports.jsonl.unreadable'])
})

test('what cannot be written down is not published; it is found again when it can', async () => {
  const path = newPath()
  const sent: ChangeEvent[] = []
  await see(path, lookOf(), async () => undefined)
  mkdirSync(`${path}.tmp`)
  await expect(see(path, lookOf('1'), async (event) => sent.push(event))).rejects.toMatchObject({ code: 'EISDIR' })
  expect(sent).toEqual([])
  rmdirSync(`${path}.tmp`)
  expect(await see(path, lookOf('1'), async (event) => sent.push(event))).toMatchObject({ found: 1, published: 1 })
})
