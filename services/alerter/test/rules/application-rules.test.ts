import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { alerterConfigSchema, alerterCrossChecks } from '../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-app-rules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Stands for the collector's own section, of which a rule only needs to know the names of the jobs. */
const collector = z.object({ scrape: z.record(z.string(), z.unknown()).default({}) })

let files = 0
async function load(rule: string, jobs = '{ api: {}, ws: {} }'): Promise<string[]> {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, `collector: { scrape: ${jobs} }\nalerter:\n  rules:\n    a: ${rule}\n`, { mode: 0o600 })
  const loaded = await loadConfig({
    file,
    env: {},
    sections: { alerter: alerterConfigSchema, collector },
    run: 'all',
    crossChecks: alerterCrossChecks,
  })
  const found = loaded.ok ? loaded.warnings : loaded.diagnostics
  return found.map(({ severity, path, message, hint }) => `${severity} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
}

it.each(['app_api.requests_total', 'app_api.latency_seconds.p99_9', 'app_ws.job:clients:sum.rate_per_second', 'scrape.up'])(
  '%s can be read',
  async (metric) => {
    expect(await load(`{ metric: ${metric}, above: 1 }`)).toEqual([])
  },
)

it('a number that no item has is refused', async () => {
  expect(await load('{ metric: app_api.latency_seconds.p95_seconds, above: 1 }')).toEqual([
    `error alerter.rules.a.metric: an application's metric has no "p95_seconds" (it has value, rate_per_second, count_total, sum_total, mean, or a quantile such as p95)`,
  ])
})

it('a job that is not in this file is warned of, for another host may have it; where there are no jobs nothing is known', async () => {
  expect(await load('{ metric: app_apj.requests_total, above: 1 }')).toEqual([
    'warning alerter.rules.a.metric: there is no job "apj" in collector.scrape (did you mean "api"?)',
  ])
  expect(await load('{ metric: app_shopping.requests_total, above: 1 }')).toEqual([
    'warning alerter.rules.a.metric: there is no job "shopping" in collector.scrape (that is right when another host has it)',
  ])
  expect(await load('{ metric: app_shop.requests_total, above: 1 }', '{}')).toEqual([])
})

it('a percentage of what counts to 100 is refused: it would nearly always be crossed', async () => {
  expect(await load('{ metric: app_api.cpu_percent, above: { warning: 85%, critical: 95 }, clear: 80% }')).toEqual([
    'error alerter.rules.a.above.warning: 85% is 0.85, and this metric counts to 100 (write 85)',
    'error alerter.rules.a.clear: 80% is 0.8, and this metric counts to 100 (write 80)',
  ])
  expect(await load('{ metric: app_api.cpu_percent, above: 85 }')).toEqual([])
})
