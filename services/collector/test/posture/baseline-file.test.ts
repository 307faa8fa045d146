import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { readBaseline, writeBaseline, type Baseline } from '../../src/posture/baseline-file.ts'
import { maxFacts, type Fact } from '../../src/posture/look.ts'
import { unlessRefused } from '../refused.ts'
import { countTurns } from './turns.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-baseline-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'ports.jsonl')
const empty: Baseline = { host: 'web-1', number: 0, parts: new Map(), recent: [], outbox: [] }

test('what is written is read again, whatever the names', async () => {
  const fact: fc.Arbitrary<Fact> = fc.oneof(
    fc.record({ text: fc.option(fc.string()) }),
    fc.record({ text: fc.string(), digest: fc.string() }),
  )
  const parts = fc.array(
    fc.tuple(
      fc.string(),
      fc
        .array(
          fc.tuple(
            fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
            fact,
          ),
        )
        .map((list) => new Map(list)),
    ),
  )
  await fc.assert(
    fc.asyncProperty(parts, fc.array(fc.record({ text: fc.string(), epochMs: fc.nat() })), async (list, recent) => {
      const baseline = { ...empty, number: 7, parts: new Map(list), recent }
      await writeBaseline(path, baseline)
      expect(await readBaseline(path)).toEqual(baseline)
    }),
    { numRuns: 50 },
  )
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('there is none at first; a torn, damaged or newer file is refused', async () => {
  expect(await readBaseline(join(folder, 'none.jsonl'))).toBeUndefined()
  await writeBaseline(path, { ...empty, parts: new Map([['ports', new Map([['tcp 22', { text: 'sshd' }]])]]) })
  const text = readFileSync(path, 'utf8')
  for (const damaged of [
    '',
    '{',
    '[]\n',
    text.slice(0, -5),
    text.replace('"host":"web-1"', '"host":1'),
    `${text.split('\n')[0]}\n["x","y"]\n`,
  ]) {
    writeFileSync(path, damaged)
    await expect(readBaseline(path)).rejects.toMatchObject({ code: 'posture_file' })
  }
  writeFileSync(path, text.replace('"schema_version":1', '"schema_version":2'))
  await expect(readBaseline(path)).rejects.toMatchObject({ code: 'newer_state' })
})

test('garbage is refused or read, never anything else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.array(fc.json()).map((lines) => lines.join('\n')),
      ),
      async (text) => {
        writeFileSync(path, text)
        const result = await readBaseline(path).catch((error: unknown) => unlessRefused(() => raise(error)))
        expect(result === undefined || result.parts instanceof Map).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

test('the largest one is written and read without keeping others waiting', async () => {
  const facts = new Map(
    Array.from({ length: maxFacts }, (_, index) => [`permissions of /srv/some/longer/path/${index}`, { text: '0644 root:root' }]),
  )
  const turns = await countTurns(async () => await writeBaseline(path, { ...empty, parts: new Map([['/srv', facts]]) }))
  expect(turns).toBeGreaterThanOrEqual(maxFacts / 500)
  let baseline: Baseline | undefined
  const turnsToRead = await countTurns(async () => {
    baseline = await readBaseline(path)
  })
  expect(baseline?.parts.get('/srv')?.size).toBe(maxFacts)
  expect(turnsToRead).toBeGreaterThanOrEqual(maxFacts / 500)
})

function raise(error: unknown): never {
  throw error
}
