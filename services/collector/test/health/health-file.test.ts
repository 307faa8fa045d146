import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { ConflictError, ContractError } from '@nightshift/shared/errors'
import { healthEvent } from '../../src/health/health-event.ts'
import { parseHealthRecord, readHealthFile, writeHealthFile } from '../../src/health/health-file.ts'
import { newCheckHealth, removal } from '../../src/health/transition.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-health-'))
const path = join(folder, 'health.json')
afterAll(() => rmSync(folder, { recursive: true }))

test('there is no record before the first run', async () => {
  expect(await readHealthFile(join(folder, 'absent.json'))).toBeUndefined()
})

test('what is written is read again, and nothing else is left in the folder', async () => {
  const health = { ...newCheckHealth('http'), state: 'failing', failures: 7, correlationId: '01JD', transitions: 3 } as const
  const event = healthEvent({ host: 'web-1', source: 'collector@web-1' }, 'web', 'http', removal(health, 1_700_000_000_000))
  const record = { host: 'web-1', checks: new Map([['web', health]]), outbox: [event] }
  await writeHealthFile(path, record)
  expect(await readHealthFile(path)).toEqual(record)
  expect(readdirSync(folder)).toEqual(['health.json'])
})

test('a record of a newer version is not touched', async () => {
  writeFileSync(path, JSON.stringify({ schema_version: 2, host: 'web-1', something: 'else' }))
  await expect(readHealthFile(path)).rejects.toThrow(ConflictError)
})

test('anything else is a ContractError', () => {
  const version = fc.constantFrom(1, 0, 'x')
  const nearly = fc.record({
    schema_version: version,
    host: fc.string(),
    checks: fc.dictionary(fc.string(), fc.anything()),
    outbox: fc.array(fc.anything(), { minLength: 1 }),
  })
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    nearly.map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(text, (content) => {
      expect(() => parseHealthRecord(content, path)).toThrow(ContractError)
    }),
  )
})
