import { join } from 'node:path'
import { loadConfig, loadDefaults } from '@nightshift/shared/config/load-config'
import { ConfigError } from '@nightshift/shared/errors'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigFolder, type Given } from './config-folder.ts'
import { sampleCrossChecks, sampleSections } from './sample-sections.ts'

const configs = new ConfigFolder()
afterAll(() => configs.remove())

describe('the file', () => {
  test('that is missing, a configs.path or too large is named', async () => {
    const large = configs.write('a'.repeat(1_048_577), 'large.yaml')
    const reasons = await Promise.all(
      [join(configs.path, 'none.yaml'), configs.path, large, '/dev/null'].map(async (file) => {
        const loaded = await loadConfig({ file, env: {}, sections: sampleSections, run: 'all' })
        return loaded.ok ? [] : loaded.diagnostics.map(({ message, hint }) => [message, hint])
      }),
    )
    expect(reasons).toEqual([
      [['the file does not exist', undefined]],
      [['the file is a folder', 'name the file in it']],
      [['the file is larger than 1 MiB', 'is it the right file?']],
      [['the file is no regular file', undefined]],
    ])
  })

  test('may begin with a byte order mark and have Windows line ends', async () => {
    const bytes = new TextEncoder().encode('\ufefflog:\r\n  level: warn\r\n# 주석\r\nhost: a b\r\n')
    expect(await configs.complaints(bytes)).toEqual([
      expect.stringMatching(/^c\.yaml:2:10: log\.level: must be one of .*; did you mean "warning"\?$/),
      expect.stringMatching(/^c\.yaml:4:7: host: /),
    ])
  })

  test('in another encoding is refused at each line that shows it', async () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('host: web\n# '), 0xb0, 0xa1, 0x0a, 0x61, 0xff])
    expect(await configs.complaints(bytes)).toEqual([
      'c.yaml:2:3: a character here is not UTF-8; save the file as UTF-8 (is it in CP949 or Latin-1?)',
      'c.yaml:3:2: a character here is not UTF-8; save the file as UTF-8 (is it in CP949 or Latin-1?)',
    ])
  })

  test('may be left out: then everything has its default', async () => {
    const loaded = await loadConfig({ env: {}, sections: sampleSections, run: ['collector'] })
    expect(loaded).toMatchObject({
      ok: true,
      base: { namespace: 'ops', nats: { servers: ['nats://127.0.0.1:4222'] } },
      sections: { collector: { every: 1000 } },
    })
    expect((await loadDefaults({ sections: sampleSections, run: 'all' })).sections.reporter.title).toBe('Nightshift')
  })

  test('cannot be left out when a section has keys without a default', async () => {
    const sections = { reporter: z.strictObject({ title: z.string() }) }
    const attempt = loadDefaults({ sections, run: 'all' })
    await expect(attempt).rejects.toBeInstanceOf(ConfigError)
    await expect(attempt).rejects.toMatchObject({ code: 'config_needed', message: expect.stringContaining('reporter.title is missing') })
  })
})

describe('errors', () => {
  test('come in the order of the file, those of YAML among them', async () => {
    expect(await configs.complaints('log: {level: warn}\nhost: @x\ncollector: {every: 1s, every: 2s, evry: 1s}\n')).toEqual([
      expect.stringMatching(/^c\.yaml:1:14: log\.level: /),
      'c.yaml:2:7: a text cannot begin with @; put it in quotes',
      'c.yaml:3:24: collector.every: is given twice; the first is in line 3; keep one of them',
      'c.yaml:3:35: collector.evry: unknown key; did you mean "every"?',
    ])
  })

  test('are bounded in number', async () => {
    const text = `log:\n${Array.from({ length: 500 }, (_, i) => `  key-${i}: 1`).join('\n')}\n`
    const found = await configs.complaints(text)
    expect(found).toHaveLength(201)
    expect(found.at(-1)).toBe('c.yaml: there are more errors, which are not shown')
  })

  test('of a value that may have several forms speak of the form that was meant', async () => {
    const form = z.union([z.literal('all'), z.array(z.string()), z.strictObject({ only: z.string(), except: z.string().optional() })])
    const sections = { reporter: z.strictObject({ a: form, b: form, c: form, d: form }) }
    expect(await configs.complaints('reporter:\n  a: al\n  b: [x, 1]\n  c: {only: x, excpt: y}\n  d: 5\n', { sections })).toEqual([
      'c.yaml:2:6: reporter.a: must be "all" or a list or a mapping of keys to values, not the text "al"; did you mean "all"?',
      'c.yaml:3:10: reporter.b[1]: must be a text, not the number 1; put it in quotes: "1"',
      'c.yaml:4:16: reporter.c.excpt: unknown key; did you mean "except"?',
      'c.yaml:5:6: reporter.d: must be "all" or a list or a mapping of keys to values, not the number 5; write [5]',
    ])
  })

  test('behind an alias are shown where the value is written', async () => {
    const text = 'collector:\n  checks:\n    a: &x {kind: tcp, port: 0}\n    b: *x\n'
    expect(await configs.complaints(text)).toEqual([
      'c.yaml:3:29: collector.checks.a.port: must be at least 1, not 0',
      'c.yaml:3:29: collector.checks.b.port: must be at least 1, not 0',
    ])
  })

  test('of a kind that does not exist do not hide the others', async () => {
    expect(await configs.complaints('collector:\n  checks:\n    a: {kind: tpc, prot: 80}\n')).toEqual([
      'c.yaml:3:5: collector.checks.a.port: is missing; add "port", a number',
      'c.yaml:3:15: collector.checks.a.kind: must be one of http, tcp, process, not the text "tpc"; did you mean "tcp"?',
      'c.yaml:3:20: collector.checks.a.prot: unknown key; did you mean "port"?',
    ])
  })
})

describe('sections', () => {
  test('of services whose schema is not given are not read', async () => {
    const loaded = await configs.load('alerter: {anything: [1, {}]}\ncollector: {every: 2s}\n', {
      sections: { collector: sampleSections.collector },
      run: ['collector'],
    })
    expect(loaded).toMatchObject({ ok: true, sections: { collector: { every: 2000 } } })
  })

  test('that are not run are checked all the same, but not given out', async () => {
    const given: Given = { run: ['collector'] }
    expect(await configs.complaints('alerter: {historie: 1KiB}\n', given)).toEqual([
      'c.yaml:1:11: alerter.historie: unknown key; did you mean "history"?',
    ])
    const loaded = await configs.load('alerter: {history: 1KiB}\n', given)
    expect(loaded.ok && Object.keys(loaded.sections)).toEqual(['collector'])
  })

  test('that are to be run need a schema', async () => {
    await expect(configs.load('host: a\n', { run: ['backup'] })).rejects.toMatchObject({ code: 'no_such_section' })
  })
})

test('no bytes and no text make it throw', async () => {
  const key = fc.constantFrom(
    'collector',
    'nats',
    'servers',
    'checks',
    'web',
    'kind',
    'http',
    'every',
    'password',
    'password_file',
    'log',
    'level',
    'up',
    'alerter',
    'rules',
    'x',
    '__proto__',
    'constructor',
  )
  const scalar = fc.constantFrom(
    '1',
    '-1.5',
    'true',
    'null',
    '~',
    '5m',
    '${A}',
    '"${B}"',
    '${A:-1}',
    '${',
    '[]',
    '{}',
    'a',
    '.inf',
    '0x10',
    '"\\u0000"',
    'http',
    '/etc',
  )
  const tree = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 5 }, scalar, tie('map'), tie('list')),
    map: fc
      .array(fc.tuple(key, tie('node')), { maxLength: 5 })
      .map((pairs) => `{${pairs.map(([k, v]) => `${k}: ${String(v)}`).join(', ')}}`),
    list: fc.array(tie('node'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  }))
  const text = fc.array(fc.tuple(key, tree.node), { maxLength: 6 }).map((pairs) => pairs.map(([k, v]) => `${k}: ${String(v)}`).join('\n'))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof<[fc.Arbitrary<string | Uint8Array>, fc.Arbitrary<string | Uint8Array>]>(text, fc.uint8Array({ maxLength: 80 })),
      async (source) => {
        const loaded = await configs.load(source, { env: { A: '1' }, crossChecks: sampleCrossChecks })
        expect(loaded.ok || loaded.diagnostics.length > 0).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
