import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CrossCheck } from '@nightshift/shared/config/cross-check'
import { formatDiagnostic, formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig, loadDefaults, type SectionSchemas } from '@nightshift/shared/config/load-config'
import { duration, quantity } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'
import type { ServiceName } from '@nightshift/shared/subjects'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sampleCrossChecks, sampleSections } from './sample-sections.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-config-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Given {
  env?: Record<string, string>
  sections?: SectionSchemas
  run?: ServiceName[] | 'all'
  crossChecks?: CrossCheck[]
}

function write(text: string | Uint8Array, name = 'c.yaml'): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

function load(text: string | Uint8Array, given: Given = {}) {
  const { env = {}, sections = sampleSections as SectionSchemas, run = 'all', crossChecks = [] } = given
  return loadConfig({ file: write(text), env, sections, run, crossChecks })
}

async function complaints(text: string | Uint8Array, given: Given = {}): Promise<string[]> {
  const loaded = await load(text, given)
  return loaded.ok ? [] : loaded.diagnostics.map((diagnostic) => formatDiagnostic({ ...diagnostic, file: 'c.yaml' }))
}

describe('the file', () => {
  test('that is missing, a folder or too large is named', async () => {
    const large = write('a'.repeat(1_048_577), 'large.yaml')
    const reasons = await Promise.all(
      [join(folder, 'none.yaml'), folder, large, '/dev/null'].map(async (file) => {
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
    expect(await complaints(bytes)).toEqual([
      expect.stringMatching(/^c\.yaml:2:10: log\.level: must be one of .*; did you mean "warning"\?$/),
      expect.stringMatching(/^c\.yaml:4:7: host: /),
    ])
  })

  test('in another encoding is refused at each line that shows it', async () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('host: web\n# '), 0xb0, 0xa1, 0x0a, 0x61, 0xff])
    expect(await complaints(bytes)).toEqual([
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
    expect(await complaints('log: {level: warn}\nhost: @x\ncollector: {every: 1s, every: 2s, evry: 1s}\n')).toEqual([
      expect.stringMatching(/^c\.yaml:1:14: log\.level: /),
      'c.yaml:2:7: a text cannot begin with @; put it in quotes',
      'c.yaml:3:24: collector.every: is given twice; the first is in line 3; keep one of them',
      'c.yaml:3:35: collector.evry: unknown key; did you mean "every"?',
    ])
  })

  test('are bounded in number', async () => {
    const text = `log:\n${Array.from({ length: 500 }, (_, i) => `  key-${i}: 1`).join('\n')}\n`
    const found = await complaints(text)
    expect(found).toHaveLength(201)
    expect(found.at(-1)).toBe('c.yaml: there are more errors, which are not shown')
  })

  test('of a value that may have several forms speak of the form that was meant', async () => {
    const form = z.union([z.literal('all'), z.array(z.string()), z.strictObject({ only: z.string(), except: z.string().optional() })])
    const sections = { reporter: z.strictObject({ a: form, b: form, c: form, d: form }) }
    expect(await complaints('reporter:\n  a: al\n  b: [x, 1]\n  c: {only: x, excpt: y}\n  d: 5\n', { sections })).toEqual([
      'c.yaml:2:6: reporter.a: must be "all" or a list or a mapping of keys to values, not the text "al"; did you mean "all"?',
      'c.yaml:3:10: reporter.b[1]: must be a text, not the number 1; put it in quotes: "1"',
      'c.yaml:4:16: reporter.c.excpt: unknown key; did you mean "except"?',
      'c.yaml:5:6: reporter.d: must be "all" or a list or a mapping of keys to values, not the number 5; write [5]',
    ])
  })

  test('behind an alias are shown where the value is written', async () => {
    const text = 'collector:\n  checks:\n    a: &x {kind: tcp, port: 0}\n    b: *x\n'
    expect(await complaints(text)).toEqual([
      'c.yaml:3:29: collector.checks.a.port: must be at least 1, not 0',
      'c.yaml:3:29: collector.checks.b.port: must be at least 1, not 0',
    ])
  })

  test('of a kind that does not exist do not hide the others', async () => {
    expect(await complaints('collector:\n  checks:\n    a: {kind: tpc, prot: 80}\n')).toEqual([
      'c.yaml:3:5: collector.checks.a.port: is missing; add "port", a number',
      'c.yaml:3:15: collector.checks.a.kind: must be one of http, tcp, process, not the text "tpc"; did you mean "tcp"?',
      'c.yaml:3:20: collector.checks.a.prot: unknown key; did you mean "port"?',
    ])
  })
})

describe('sections', () => {
  test('of services whose schema is not given are not read', async () => {
    const loaded = await load('alerter: {anything: [1, {}]}\ncollector: {every: 2s}\n', {
      sections: { collector: sampleSections.collector },
      run: ['collector'],
    })
    expect(loaded).toMatchObject({ ok: true, sections: { collector: { every: 2000 } } })
  })

  test('that are not run are checked all the same, but not given out', async () => {
    const given: Given = { run: ['collector'] }
    expect(await complaints('alerter: {historie: 1KiB}\n', given)).toEqual([
      'c.yaml:1:11: alerter.historie: unknown key; did you mean "history"?',
    ])
    const loaded = await load('alerter: {history: 1KiB}\n', given)
    expect(loaded.ok && Object.keys(loaded.sections)).toEqual(['collector'])
  })

  test('that are to be run need a schema', async () => {
    await expect(load('host: a\n', { run: ['backup'] })).rejects.toMatchObject({ code: 'no_such_section' })
  })
})

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
    const loaded = await load(`collector:\n  ${text}\n`, { sections, env })
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

  test('for the base makes a number too', async () => {
    expect(await load('version: ${V}\nhttp: {port: "${PORT}"}\n', { env: { V: '1', PORT: '9000' } })).toMatchObject({
      ok: true,
      base: { version: 1, http: { port: 9000 } },
    })
  })

  test('that is not set is shown where it stands, each one', async () => {
    expect(await complaints('collector:\n  text: "${A} and\n    ${B}"\n', { sections })).toEqual([
      'c.yaml:2:10: collector.text: the environment variable A is not set; set it, or write ${A:-default}',
      'c.yaml:3:5: collector.text: the environment variable B is not set; set it, or write ${B:-default}',
    ])
  })

  test('in a section that is not run is left alone, whatever its type', async () => {
    const text = 'collector: {number: "${A}", flag: "${B}", every: "${C}", either: "${D}", text: "${not one", evry: 1s}\n'
    expect(await complaints(text, { sections: { ...sampleSections, ...sections }, run: ['reporter'] })).toEqual([
      'c.yaml:1:93: collector.evry: unknown key; did you mean "every"?',
    ])
  })

  test('in a section nobody knows is not looked at', async () => {
    expect(await load('healer: {x: "${A}"}\n', { sections })).toMatchObject({ ok: true })
  })
})

describe('a secret', () => {
  test('is taken from the file that its twin names, beside the configuration', async () => {
    write('s3cret-öä\r\n', 'hmac')
    const loaded = await load('alerter: {channels: {a: {kind: webhook, url: "http://x/", hmac_secret_file: hmac}}}\n')
    expect(loaded).toMatchObject({
      ok: true,
      sections: { alerter: { channels: { a: { hmac_secret: 's3cret-öä' } } } },
      files: [join(folder, 'c.yaml'), join(folder, 'hmac')],
    })
  })

  test('may have its file named by the environment', async () => {
    write('x', 'from-env')
    const text = 'nats: {user: a, password_file: "${CREDENTIALS}/from-env"}\n'
    expect(await load(text, { env: { CREDENTIALS: folder } })).toMatchObject({ ok: true, base: { nats: { password: 'x' } } })
    expect(await complaints(text, { env: { CREDENTIALS: '/nowhere' } })).toEqual([
      'c.yaml:1:32: nats.password_file: the file it names does not exist',
    ])
  })

  test('whose key is not known is refused by the name that was written', async () => {
    write('x', 'some')
    expect(await complaints('http: {token_file: some, prot: 1}\n')).toEqual([
      'c.yaml:1:8: http.token_file: unknown key; known here: address, port',
      'c.yaml:1:26: http.prot: unknown key; did you mean "port"?',
    ])
  })

  test('that is wrong is refused by the name that was written, unseen', async () => {
    write('not a seed', 'nkey')
    expect(await complaints('nats: {nkey_file: nkey}\n')).toEqual([
      'c.yaml:1:19: nats.nkey_file: is not the seed of a user; it has 58 characters and begins with SU',
    ])
  })

  test('in a file that everybody may read is warned of', async () => {
    const file = write('nats: {user: a, password: b}\n')
    chmodSync(file, 0o644)
    const loaded = await loadConfig({ file, env: {}, sections: sampleSections, run: 'all' })
    expect(loaded.ok && loaded.warnings.map((warning) => formatDiagnostic({ ...warning, file: 'c.yaml' }))).toEqual([
      `c.yaml:1:17: warning: nats.password: other users of this host can read this secret; chmod 600 ${file}, or move it into a file of its own: password_file`,
    ])
    chmodSync(file, 0o640)
    expect(await loadConfig({ file, env: {}, sections: sampleSections, run: 'all' })).toMatchObject({ ok: true, warnings: [] })
  })

  test('never stands in a message, however wrong the file is', async () => {
    const secret = 'k7Qz-pW3x'
    const place = fc.constantFrom(
      (s: string) => `nats: {user: a, password: ${s}, nkey: ${s}, pasword: ${s}, tls: {key: ${s}}}`,
      (s: string) => `nats:\n  password:\n    - ${s}\n  servers: ["nats://ops:${s}@h", "x://${s}@h"]`,
      (s: string) => `nats:\n  password: |\n    one\n    ${s}\n  user: 1\n  evry: 1`,
      (s: string) => `alerter: {channels: {a: {kind: webhook, url: "https//h/${s}", hmac_secret: {x: ${s}}, hmac_secert: ${s}}}}`,
      (s: string) => `collector: {checks: {a: {kind: http, url: 1, headers: {Authorization: {x: ${s}}, X-Key: [${s}]}}}}`,
      (s: string) => `nats:\n  password: "${s}\n  user: x: y`,
      (s: string) => `nats:\n  password: ${s}: ${s}\n`,
      () =>
        `nats: {user: "\${SECRET}", nkey: "\${SECRET}"}\nstreams: {replicas: "\${SECRET}", events: {max_age: "\${SECRET}"}}\nlog: {level: "\${SECRET}"}\nlocale: "a \${SECRET}"`,
      () => 'nats: {nkey_file: secret-file, servers: "${SECRET}"}',
    )
    write(secret, 'secret-file')
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('', '\nlog: {levle: 1}', '\n\thost: x', '\nx'), async (text, more) => {
        const loaded = await load(text(secret) + more, { env: { SECRET: secret } })
        expect(loaded.ok).toBe(false)
        const diagnostics = loaded.ok ? [] : loaded.diagnostics
        expect(formatReport(diagnostics, { color: false }) + JSON.stringify(diagnostics)).not.toContain(secret)
      }),
      { numRuns: 60 },
    )
  })
})

describe('cross checks', () => {
  const text = (check: string, section: string) => `healer: {playbooks: {p: {when: {check: ${check}}, run: [x]}}}\n${section}`
  const web = 'collector: {checks: {web: {kind: tcp, port: 80}}}\n'

  test('find what does not exist, also when other things are wrong', async () => {
    const given = { crossChecks: sampleCrossChecks }
    expect(await complaints(text('wbe', web), given)).toEqual([
      'c.yaml:1:40: healer.playbooks.p.when.check: there is no check "wbe" in collector.checks; did you mean "web"?',
    ])
    const broken =
      'collector: {checks: {web: {kind: tcp, prot: 80}}}\nalerter: {channels: {c: {kind: log, x: 1}}, rules: {r: {metric: cpu.cores, above: 1, channels: [c, d], y: 1}}}\n'
    const found = await complaints(text('wbe', broken), given)
    expect(found).toHaveLength(6)
    expect(found).toContain('c.yaml:1:40: healer.playbooks.p.when.check: there is no check "wbe" in collector.checks; did you mean "web"?')
    expect(found).toContain('c.yaml:3:100: alerter.rules.r.channels[1]: there is no channel "d" in alerter.channels; known are c')
  })

  test('know the names of the defaults', async () => {
    const rule = (channel: string) => `alerter: {rules: {r: {metric: cpu.cores, above: 1, channels: [${channel}]}}}\n`
    expect(await complaints(rule('log'), { crossChecks: sampleCrossChecks })).toEqual([])
    expect(await complaints(rule('lg'), { crossChecks: sampleCrossChecks })).toHaveLength(1)
  })

  test('say nothing about sections that are not here', async () => {
    expect(await complaints(text('web', ''), { crossChecks: sampleCrossChecks, run: ['healer'] })).toEqual([])
    expect(await complaints(text('web', ''), { crossChecks: sampleCrossChecks })).toHaveLength(1)
  })

  test('may warn', async () => {
    const warn: CrossCheck = () => [{ severity: 'warning', path: ['log', 'level'], message: 'is very chatty' }]
    const loaded = await load('log: {level: debug}\n', { crossChecks: [warn] })
    expect(loaded).toMatchObject({
      ok: true,
      warnings: [{ severity: 'warning', line: 1, column: 14, path: 'log.level', message: 'is very chatty' }],
    })
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
        const loaded = await load(source, { env: { A: '1' }, crossChecks: sampleCrossChecks })
        expect(loaded.ok || loaded.diagnostics.length > 0).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
