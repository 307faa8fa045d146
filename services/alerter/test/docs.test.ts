import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { channelConfigSchema } from '../src/channels/registry.ts'
import { alerterConfigSchema, alerterCrossChecks } from '../src/config.ts'

const root = new URL('../../../', import.meta.url)
const read = (page: string): string => readFileSync(new URL(page, root), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'nightshift-alerter-docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What stands in the file that `<key>_file` names. */
const secrets: Readonly<Record<string, string>> = {
  bot_token: 'xoxb-of-an-example',
  token: 'xapp-of-an-example',
  url: 'https://example.com/of-an-example',
}

/** The example, with files of ours in place of the secret ones that it names. */
function withSecrets(example: string): string {
  let files = 0
  return example.replaceAll(/\b(?!ca_file)(\w+)_file: [^\s,}]+/g, (_, key: string) => {
    const name = `secret-${files++}`
    writeFileSync(join(folder, name), `${secrets[key] ?? 'a-secret-of-an-example'}\n`, { mode: 0o600 })
    return `${key}_file: ${name}`
  })
}

const examplesOf = (page: string): string[] =>
  Array.from(read(page).matchAll(/^```yaml\n([^]*?)^```/gm), ([, text]) => text ?? '').filter((text) => /^alerter:/m.test(text))

test.each(['services/alerter/README.md', 'docs/alerting.md', 'docs/notifications.md', 'docs/webhook.md'])(
  'the examples of %s are configs of the alerter',
  async (page) => {
    const examples = examplesOf(page)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const file = join(folder, 'nightshift.yaml')
      writeFileSync(file, withSecrets(example), { mode: 0o600 })
      const sections = { alerter: alerterConfigSchema }
      const loaded = await loadConfig({ file, env: {}, sections, run: 'all', crossChecks: alerterCrossChecks })
      const found = loaded.ok ? loaded.warnings : loaded.diagnostics
      expect(found.map((diagnostic) => formatDiagnostic(diagnostic))).toEqual([])
    }
  },
)

test('docs/notifications.md has a chapter for every kind of channel, and the README every key of the section', () => {
  const headings = read('docs/notifications.md')
    .match(/^## .*$/gm)
    ?.join('\n')
    .toLowerCase()
  for (const { shape } of channelConfigSchema.options) expect(headings).toMatch(new RegExp(`\\b${shape.kind.value}\\b`))
  const readme = read('services/alerter/README.md')
  const missing = Object.keys(alerterConfigSchema.shape).filter((key) => !readme.includes(`\`${key}\``))
  expect(missing).toEqual([])
})

test('docs/complaints.md answers 19 complaints, and every test that it names is there', () => {
  const rows = Array.from(read('docs/complaints.md').matchAll(/^\| (\d+) \|(.*)$/gm), ([, number, rest]) => ({ number, rest: rest ?? '' }))
  expect(rows.map(({ number }) => Number(number))).toEqual(Array.from({ length: 19 }, (_, index) => index + 1))
  for (const { rest } of rows) {
    const named = Array.from(rest.matchAll(/\]\(\.\.\/([^)]+)\): \*([^*]+)\*/g), ([, file = '', name = '']) => ({ file, name }))
    expect(named.length).toBeGreaterThan(0)
    for (const { file, name } of named) expect(read(file)).toContain(name)
  }
})
