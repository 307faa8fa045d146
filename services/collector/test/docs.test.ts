import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseYaml } from '@nightshift/shared/config/yaml-document'
import { collectorConfigSchema } from '../src/config.ts'
import { logFields, logItems } from '../src/logs/analysis/metric-names.ts'

const root = new URL('../../../', import.meta.url)
const read = (page: string): string => readFileSync(new URL(page, root), 'utf8')
const pages = [
  'services/collector/README.md',
  'docs/checks.md',
  'docs/databases.md',
  'docs/logs.md',
  'docs/scrape.md',
  'docs/security-posture.md',
]

test.each(pages)('the examples of %s are configs of the collector', (page) => {
  const examples = Array.from(read(page).matchAll(/^```yaml\n([^]*?)^```/gm), ([, text]) => text ?? '').filter((text) =>
    /^collector:/m.test(text),
  )
  expect(examples.length).toBeGreaterThan(0)
  for (const example of examples) {
    const { document, diagnostics } = parseYaml(page, example)
    expect(diagnostics).toEqual([])
    expect(collectorConfigSchema.safeParse(document?.data['collector']).error?.issues ?? []).toEqual([])
  }
})

test('docs/logs.md names every kind of item of a log and most of its fields', () => {
  const page = read('docs/logs.md')
  for (const kind of Object.keys(logItems)) expect(page).toContain(`| \`${kind}\` |`)
  const missing = Object.keys(logFields).filter((field) => !page.includes(`\`${field}\``) && !/_p9[59]$|_max$/.test(field))
  expect(missing).toEqual([])
})

test('docs/checks.md has an example of every kind of check', () => {
  const { document } = parseYaml('checks.md', /^```yaml\n([^]*?)^```/m.exec(read('docs/checks.md'))?.[1] ?? '')
  const { checks } = collectorConfigSchema.parse(document?.data['collector'])
  const registry = readFileSync(new URL('services/collector/src/checks/registry.ts', root), 'utf8')
  const kinds = Array.from(registry.matchAll(/^ {2}(\w+): async/gm), ([, kind]) => kind)
  expect(kinds.length).toBeGreaterThan(0)
  expect(new Set(Object.values(checks).map(({ kind }) => kind))).toEqual(new Set(kinds))
})
