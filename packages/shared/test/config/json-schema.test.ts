import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configJsonSchema, type JsonSchema } from '@nightshift/shared/config/json-schema'
import { configReference } from '@nightshift/shared/config/reference'
import { duration } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { sampleSections } from './sample-sections.ts'

const schema = configJsonSchema(sampleSections)
// A second reading of JSON Schema: zod makes a validator of the document that was made from zod.
const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../../../test/fixtures/config')
const accepts = (data: unknown) => validator.safeParse(data).success

function at(path: string): JsonSchema {
  let node: unknown = schema
  for (const step of path.split('.')) node = ((node as JsonSchema)['properties'] as JsonSchema)[step]
  return node as JsonSchema
}

describe('the JSON Schema', () => {
  test('accepts what the loader accepts', () => {
    const good = readdirSync(join(fixtures, 'good')).filter((name) => name.endsWith('.yaml'))
    expect(good.length).toBeGreaterThan(3)
    expect(good.filter((name) => !accepts(parse(readFileSync(join(fixtures, 'good', name), 'utf8'), { merge: true })))).toEqual([])
  })

  test.each([
    'unknown-section',
    'unknown-key-far-from-any',
    'missing-key',
    'wrong-type',
    'bad-duration',
    'bad-size',
    'bad-choice',
    'bad-name',
    'key-in-the-wrong-place',
  ])('refuses %s.yaml', (name) => {
    expect(accepts(parse(readFileSync(join(fixtures, 'broken', `${name}.yaml`), 'utf8')))).toBe(false)
  })

  test('is of the 2020-12 draft, with descriptions and examples', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(at('streams.events.max_age')).toMatchObject({
      description: 'Messages older than this are dropped',
      default: '30d',
      examples: ['10s', '5m', '1h30m'],
    })
  })

  test('takes a placeholder for any value', () => {
    expect(
      accepts({
        http: { port: '${PORT}' },
        up: { open: '${OPEN:-true}' },
        locale: '${LOCALE}',
        streams: { events: { max_age: '${AGE}' } },
      }),
    ).toBe(true)
    expect(accepts({ http: { port: 'PORT' } })).toBe(false)
    expect(accepts({ locale: 'de' })).toBe(false)
    expect(accepts({ streams: { events: { max_age: '5 minutes' } } })).toBe(false)
  })

  test('takes a secret or its file, and wants one of them where the secret is needed', () => {
    const webhook = (more: object) => ({ alerter: { channels: { a: { kind: 'webhook', ...more } } } })
    expect(accepts(webhook({ url: 'https://x' }))).toBe(true)
    expect(accepts(webhook({ url_file: '/run/secrets/x', hmac_secret_file: 'y' }))).toBe(true)
    const form = at('alerter.channels')['additionalProperties'] as { oneOf: JsonSchema[] }
    expect(form.oneOf[1]).toMatchObject({ required: ['kind'], allOf: [{ anyOf: [{ required: ['url'] }, { required: ['url_file'] }] }] })
  })

  test('cannot be made of a section that declares the file form itself', () => {
    const reporter = z.strictObject({ token: z.string(), token_file: z.string() })
    expect(() => configJsonSchema({ reporter })).toThrow(ConfigError)
  })
})

describe('the reference', () => {
  const reporter = z
    .strictObject({
      title: z.string().default('a | b').describe('Heading'),
      token: z.string().describe('Who may read'),
      each: z.record(z.string(), z.strictObject({ every: duration().prefault('5m') })).default({}),
      steps: z.array(z.strictObject({ run: z.array(z.string()) })).describe('In this order'),
      shape: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('round'), size: z.int().min(1).max(9), radius: z.number() }),
        z.strictObject({ kind: z.literal('flat'), size: z.int().min(1).max(9) }),
      ]),
    })
    .describe('Reports')

  test('is a table for each section, with a row for each key', () => {
    const [, , section] = configReference(configJsonSchema({ reporter })).split(/(?=## `reporter`)|(?=## `up`)/)
    expect(section).toBe(
      [
        '## `reporter`',
        '',
        'Reports.',
        '',
        '| key | value | default | |',
        '|---|---|---|---|',
        '| `reporter.title` | text | `a \\| b` | Heading |',
        '| `reporter.token` | text, or `token_file`, required |  | Who may read |',
        '| `reporter.each.<name>.every` | duration | `5m` |  |',
        '| `reporter.steps` | list of mapping, required |  | In this order |',
        '| `reporter.steps[].run` | list of text, required |  |  |',
        '| `reporter.shape` | mapping by `kind`: round, flat, required |  |  |',
        '| `reporter.shape.size` | whole number 1–9, required |  |  |',
        '| `reporter.shape.radius` | number, required |  | round |',
        '',
      ].join('\n'),
    )
  })

  test('leaves nothing out', () => {
    const text = configReference(schema)
    for (const key of [
      'nats.password',
      'streams.dead.max_bytes',
      'up.console_port',
      'collector.checks.<name>.expect_status',
      'healer.playbooks.<name>.when.check',
    ]) {
      expect(text).toContain(`| \`${key}\` |`)
    }
  })
})
