import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { alerterConfigSchema, alerterCrossChecks } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-alerter-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
async function load(text: string) {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, text, { mode: 0o600 })
  return loadConfig({ file, env: {}, sections: { alerter: alerterConfigSchema }, run: 'all', crossChecks: alerterCrossChecks })
}

/** What is wrong with a file, without the file's name and the excerpts. */
async function mistakes(text: string): Promise<string[]> {
  const loaded = await load(text)
  if (loaded.ok) return []
  return loaded.diagnostics.map(({ line, path, message, hint }) => `${line} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
}

describe('the alerter section', () => {
  it('has defaults for everything: the rules that come with it, told in the log', async () => {
    const loaded = await load('{}')
    expect(loaded.ok && loaded.sections.alerter).toEqual({
      rules: {},
      default_rules: true,
      app_metrics: {},
      channels: { log: { kind: 'log' } },
      route: {},
      routes: {},
      incident_levels: { 1: { respond: 300_000, cause: 900_000, recover: 1_800_000 }, 2: {}, 3: {} },
      contacts: {},
      escalation: {},
      inhibit: { 'host-down': { source: { rule: ['host-silent'] }, target: {}, equal: ['host'] } },
      windows: {},
      backup_done: { enabled: true },
      presence: {
        after: 30_000,
        after_stop: 600_000,
        boot_grace: 120_000,
        backup_grace: 300_000,
        blind_after: 60_000,
        stale_after: 300_000,
        severity: {},
        mass: { hosts: 5, share: 0.3 },
        hosts: ['*'],
      },
      flapping: { enabled: true, window: 1_200_000, high: 0.3, low: 0.2 },
      shards: 1,
      max_alerts: 50_000,
    })
  })

  it('takes rules on metrics and checks, and channels with secrets from files', async () => {
    writeFileSync(join(folder, 'secret'), 'a-shared-secret\n', { mode: 0o600 })
    const loaded = await load(`
alerter:
  rules:
    cpu-high: { metric: cpu.usage_ratio, above: { warning: 85%, critical: 95% }, for: 5m, clear: 75% }
    web-down: { check: web, severity: critical, failures: 3, channels: [hook] }
    disk-full: { metric: fs.used_ratio, above: { warning: 85% }, where: { mount: /data }, hosts: ["db-*"] }
    shop-slow: { metric: app_shop.latency_seconds, above: 500ms, for: 30s, summary: The shop is slow }
  channels:
    hook: { kind: webhook, url: "http://127.0.0.1:9/hook", hmac_secret_file: secret }
    console: { kind: log }
`)
    expect(loaded.ok ? '' : loaded.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')).toBe('')
    expect(loaded.ok && loaded.sections.alerter?.channels['hook']).toEqual({
      kind: 'webhook',
      url: 'http://127.0.0.1:9/hook',
      hmac_secret: 'a-shared-secret',
      timeout: 10_000,
    })
    expect(loaded.ok && loaded.sections.alerter?.rules['disk-full']?.where).toEqual({ mount: ['/data'] })
  })

  it.each([
    [
      'a mistyped metric',
      'a: { metric: cpu.usage_ration, above: 85% }',
      '4 alerter.rules.a.metric: there is no metric "cpu.usage_ration" (did you mean "cpu.usage_ratio"?)',
    ],
    [
      'a metric without its group',
      'a: { metric: usage, above: 1 }',
      '4 alerter.rules.a.metric: write <group>.<field>, for example cpu.usage_ratio',
    ],
    [
      'a label the metric does not have',
      'a: { metric: fs.used_ratio, above: 85%, where: { mont: /data } }',
      '4 alerter.rules.a.where.mont: fs.used_ratio has no label "mont" (did you mean "mount"?)',
    ],
    [
      'a channel that does not exist',
      'a: { check: web, channels: [hok] }',
      '4 alerter.rules.a.channels[0]: there is no channel "hok" in alerter.channels (did you mean "hook"?)',
    ],
    ['neither metric nor check', 'a: { above: 85% }', '4 alerter.rules.a.metric: is missing (a rule reads a metric or a check)'],
    [
      'both metric and check',
      'a: { metric: cpu.cores, check: web, above: 1 }',
      '4 alerter.rules.a.check: cannot stand beside metric (make two rules of it)',
    ],
    ['no threshold', 'a: { metric: cpu.cores }', '4 alerter.rules.a.above: is missing (say above or below what)'],
    [
      'above and below',
      'a: { metric: cpu.cores, above: 3, below: 1 }',
      '4 alerter.rules.a.below: cannot stand beside above (make two rules of it)',
    ],
    [
      'levels in the wrong order',
      'a: { metric: cpu.usage_ratio, above: { warning: 95%, critical: 85% } }',
      '4 alerter.rules.a.above: critical must be above warning (swap them)',
    ],
    [
      'levels below in the wrong order',
      'a: { metric: cpu.cores, below: { warning: 1, critical: 2 } }',
      '4 alerter.rules.a.below: critical must be below warning (swap them)',
    ],
    ['no level', 'a: { metric: cpu.cores, above: {} }', '4 alerter.rules.a.above: names no level (give warning, critical or both)'],
    [
      'clear on the wrong side',
      'a: { metric: cpu.cores, above: 3, clear: 4 }',
      '4 alerter.rules.a.clear: is above the threshold, so it would fire and clear at once (it must be below it)',
    ],
    ['a threshold on a check', 'a: { check: web, above: 3 }', '4 alerter.rules.a.above: goes with a metric (a check only fails or not)'],
    [
      'failures on a metric',
      'a: { metric: cpu.cores, above: 3, failures: 3 }',
      '4 alerter.rules.a.failures: goes with a check (for a metric say how long with "for")',
    ],
    [
      'a duration without unit',
      'a: { check: web, for: "5" }',
      '4 alerter.rules.a.for: "5" is not a duration (write for example 10s, 5m or 1h30m)',
    ],
    ['an unknown key', 'a: { check: web, chanels: [hook] }', '4 alerter.rules.a.chanels: unknown key (did you mean "channels"?)'],
  ])('says what is wrong about %s', async (_mistake, rule, expected) => {
    expect(await mistakes(`alerter:\n  channels: { hook: { kind: log } }\n  rules:\n    ${rule}\n`)).toEqual([expected])
  })

  it('says what is wrong about a channel, and never shows its address', async () => {
    const found = await mistakes('alerter:\n  channels:\n    hook: { kind: webhook, url: "ftp://token@example.com/s3cret" }\n')
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('is not the address of a web server')
    expect(found.join()).not.toContain('s3cret')
    expect(await mistakes('alerter:\n  channels:\n    hook: { kind: webhok, url: "http://example.com" }\n')).toEqual([
      '3 alerter.channels.hook.kind: must be one of email, log, pagerduty, slack, sms, webhook, not the text "webhok" (did you mean "webhook"?)',
    ])
  })
})
