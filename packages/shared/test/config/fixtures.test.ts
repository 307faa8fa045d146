import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatDiagnostic, formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import type { ServiceName } from '@nightshift/shared/subjects'
import { describe, expect, test } from 'vitest'
import { env } from './fixture-environment.ts'
import { sampleCrossChecks, sampleSections } from './sample-sections.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../../test/fixtures/config')
const yamlFiles = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'))

function load(folder: string, name: string, run: (keyof typeof sampleSections & ServiceName)[] | 'all' = 'all') {
  return loadConfig({ file: join(root, folder, name), env, sections: sampleSections, run, crossChecks: sampleCrossChecks })
}

describe('a broken configuration says what is wrong with it', () => {
  test.each(yamlFiles('broken'))('%s', async (name) => {
    const loaded = await load('broken', name)
    if (loaded.ok) throw new Error('it was accepted')
    const lines = loaded.diagnostics
      .filter(({ severity }) => severity === 'error')
      .map((diagnostic) => formatDiagnostic({ ...diagnostic, file: name }))
    expect(`${lines.join('\n')}\n`).toBe(readFileSync(join(root, 'broken', name.replace(/yaml$/, 'txt')), 'utf8'))
  })

  test('and never repeats a secret', async () => {
    const reports = await Promise.all(
      yamlFiles('broken').map(async (name) => {
        const loaded = await load('broken', name)
        return loaded.ok ? '' : formatReport(loaded.diagnostics, { color: false })
      }),
    )
    expect(reports.join('\n')).not.toMatch(/horse|hunter/)
  })
})

describe('a good configuration is accepted', () => {
  test.each(yamlFiles('good').filter((name) => name !== 'secrets-of-others.yaml'))('%s', async (name) => {
    const loaded = await load('good', name)
    expect(loaded.ok ? [] : loaded.diagnostics.map(formatDiagnostic)).toEqual([])
  })

  test('secrets-of-others.yaml, where only the collector runs', async () => {
    const loaded = await load('good', 'secrets-of-others.yaml', ['collector'])
    expect(loaded).toMatchObject({ ok: true, sections: { collector: { every: 1000 } } })
    expect(await load('good', 'secrets-of-others.yaml', ['alerter'])).toMatchObject({ ok: false })
  })
})
