import { duration, quantity } from '@nightshift/shared/config/scalars'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigFolder } from './config-folder.ts'
import { sampleSections } from './sample-sections.ts'

const configs = new ConfigFolder()
afterAll(() => configs.remove())

describe('a placeholder', () => {
  const sections = {
    collector: z.strictObject({
      text: z.string().optional(),
      number: z.int().min(1).max(9).optional(),
      flag: z.boolean().optional(),
      one: z.literal(1).optional(),
      every: duration().optional(),
      share: quantity().optional(),
      either: z.union([z.int(), z.array(z.int())]).optional(),
      list: z.array(z.int()).optional(),
    }),
  }

  async function value(text: string, env: Record<string, string> = {}) {
    const loaded = await configs.load(`collector:\n  ${text}\n`, { sections, env })
    return loaded.ok ? (loaded.sections as { collector: unknown }).collector : loaded.diagnostics.map(({ message }) => message)
  }

  test.each([
    ['text: ${A}', { A: '0123' }, { text: '0123' }],
    ['text: a${A}b${B:-c}d', { A: '1' }, { text: 'a1bcd' }],
    ['text: ${A:-x}', { A: '' }, { text: 'x' }],
    ['text: ${A}', { A: '' }, { text: '' }],
    ['text: ${A:-}', {}, { text: '' }],
    ['text: "$${A} $A $$ ${B}"', { A: '1', B: '${A}' }, { text: '${A} $A $$ ${A}' }],
    ['number: ${A}', { A: '7' }, { number: 7 }],
    ['number: "${A:-8}"', {}, { number: 8 }],
    ['flag: ${A}', { A: 'true' }, { flag: true }],
    ['one: ${A}', { A: '1' }, { one: 1 }],
    ['every: ${A}', { A: '5m' }, { every: 300_000 }],
    ['share: ${A}', { A: '0.5' }, { share: 0.5 }],
    ['share: ${A}', { A: '50%' }, { share: 0.5 }],
    ['either: ${A}', { A: '3' }, { either: 3 }],
    ['list: ["${A}", 2]', { A: '1' }, { list: [1, 2] }],
    ['number: ${A}', { A: '12' }, ['must be at most 9, not «hidden»']],
    ['number: ${A}${A}', { A: '1' }, ['must be a number, not «hidden»']],
    ['flag: ${A}', { A: 'yes' }, ['must be true or false, not «hidden»']],
    ['every: ${A}', { A: '5 minutes' }, ['"«hidden»" is not a duration']],
    ['text: ${a-b}', {}, ['this is no placeholder']],
    ['text: ${A', {}, ['this is no placeholder']],
    ['text: ${A}', {}, ['the environment variable A is not set']],
  ])('%s with %j', async (text, env, expected) => {
    expect(await value(text, env as unknown as Record<string, string>)).toEqual(expected)
  })

  test('cannot blow a file up', async () => {
    const env = { BIG: 'x'.repeat(100_000) }
    expect(await configs.complaints(`collector: {text: "${'${BIG}'.repeat(50)}"}\n`, { sections, env })).toContainEqual(
      expect.stringContaining('collector.text: the environment adds more than 1 MiB to this file'),
    )
  })

  test('for the base makes a number too', async () => {
    expect(await configs.load('version: ${V}\nhttp: {port: "${PORT}"}\n', { env: { V: '1', PORT: '9000' } })).toMatchObject({
      ok: true,
      base: { version: 1, http: { port: 9000 } },
    })
  })

  test('that is not set is shown where it stands, each one', async () => {
    expect(await configs.complaints('collector:\n  text: "${A} and\n    ${B}"\n', { sections })).toEqual([
      'c.yaml:2:10: collector.text: the environment variable A is not set; set it, or write ${A:-default}',
      'c.yaml:3:5: collector.text: the environment variable B is not set; set it, or write ${B:-default}',
    ])
  })

  test('in a section that is not run is left alone, whatever its type', async () => {
    const text = 'collector: {number: "${A}", flag: "${B}", every: "${C}", either: "${D}", text: "${not one", evry: 1s}\n'
    expect(await configs.complaints(text, { sections: { ...sampleSections, ...sections }, run: ['reporter'] })).toEqual([
      'c.yaml:1:93: collector.evry: unknown key; did you mean "every"?',
    ])
  })

  test('in a section nobody knows is not looked at', async () => {
    expect(await configs.load('healer: {x: "${A}"}\n', { sections })).toMatchObject({ ok: true })
  })
})
