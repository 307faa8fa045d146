import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ContractError } from '../../src/errors.ts'
import { parseEvent } from '../../src/events/parse.ts'
import { metricGroupSchema } from '../../src/events/metric.ts'
import { kinds } from '../../src/subjects.ts'

interface Golden {
  subject: string
  event: Record<string, unknown>
}

const folder = new URL('../../../../test/fixtures/events/v1/', import.meta.url)
const goldens = readdirSync(folder).map((name) => ({ name, ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Golden) }))
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const metric = goldens.find(({ name }) => name === 'metric.json') as Golden

function codeOf(subject: string, data: Uint8Array): string {
  try {
    parseEvent(subject, data)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    return error.code
  }
}

describe('golden payloads of version 1', () => {
  test('there is one for every kind of event', () => {
    expect(new Set(goldens.map(({ subject }) => subject.split('.')[1]))).toEqual(new Set(kinds))
  })

  test.each(goldens)('$name is still read, field by field', ({ subject, event }) => {
    expect(parseEvent(subject, encode(event)).event).toEqual(event)
  })

  test.each(goldens)('$name with a field of a later version is read as if that field were not there', ({ subject, event }) => {
    expect(parseEvent(subject, encode({ ...event, field_of_version_2: { x: 1 } })).event).toEqual(event)
  })

  test('the cpu payload is what the catalogue says of its group', () => {
    expect(metricGroupSchema('cpu').parse(metric.event)).toEqual(metric.event)
  })
})

describe('a message that breaks the contract is refused with a stable code', () => {
  test.each([
    ['ops.metric.web-1', 'bad_subject'],
    ['ops.metric.WEB.cpu', 'bad_subject'],
    ['ops.metric.web-1.cpu.more', 'bad_subject'],
    ['other.metric.web-1.cpu', 'bad_subject'],
    ['ops.toString.web-1.cpu', 'bad_subject'],
    ['ops.metric.web-2.cpu', 'host_mismatch'],
    ['ops.metric._fleet.cpu', 'host_mismatch'],
    ['ops.metric.web-1.mem', 'subject_mismatch'],
    ['ops.metric.web-1.cpu', 'accepted'],
  ])('on %s: %s', (subject, code) => {
    expect(codeOf(subject, encode(metric.event))).toBe(code)
  })

  test.each([
    ['not JSON', new TextEncoder().encode('{"v":1'), 'bad_json'],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'bad_json'],
    ['empty', new Uint8Array(), 'bad_json'],
    ['a list', encode([]), 'schema'],
    ['of another version', encode({ ...metric.event, v: 2 }), 'schema'],
    ['over a mebibyte', new Uint8Array(1_048_577), 'too_large'],
    ['without a host', encode({ ...metric.event, host: undefined }), 'schema'],
    ['of no host', encode({ ...metric.event, host: null }), 'host_mismatch'],
    ['with text for a number', encode({ ...metric.event, fields: { usage_ratio: '7 %' } }), 'schema'],
  ])('a payload that is %s', (_what, data, code) => {
    expect(codeOf(metric.subject, data)).toBe(code)
  })

  test('a host called null does not pass for no host', () => {
    expect(codeOf('ops.metric.null.cpu', encode({ ...metric.event, host: null }))).toBe('host_mismatch')
  })

  test('whatever comes is either read or refused with a ContractError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...goldens), fc.jsonValue(), fc.string(), (golden, value, key) => {
        codeOf(golden.subject, encode({ ...golden.event, [key]: value }))
        codeOf(golden.subject, encode(value))
        codeOf(`ops.${key}`, encode(golden.event))
      }),
      { numRuns: 2000 },
    )
  })

  test('raw bytes on any subject never throw anything else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...goldens), fc.uint8Array({ maxLength: 300 }), (golden, bytes) => {
        codeOf(golden.subject, bytes)
      }),
      { numRuns: 1000 },
    )
  })
})
