import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { alerterConfigSchema, alerterCrossChecks } from '../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-alerter-watch-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
async function load(text: string) {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, `alerter:\n  ${text}\n`, { mode: 0o600 })
  return loadConfig({ file, env: {}, sections: { alerter: alerterConfigSchema }, run: 'all', crossChecks: alerterCrossChecks })
}

describe('presence, flapping and deadman', () => {
  it('take what the documentation shows', async () => {
    writeFileSync(join(folder, 'ping'), 'https://example.com/ping/s3cret\n', { mode: 0o600 })
    const presence = await load(
      'presence: { after: 1m, after_stop: 1h, mass: { hosts: 10, share: 50% }, hosts: ["!laptop-*"], severity: { backup-late: warning } }',
    )
    expect(presence.ok && presence.sections.alerter?.presence).toMatchObject({
      after: 60_000,
      mass: { hosts: 10, share: 0.5 },
      severity: { 'backup-late': 'warning' },
    })
    const flapping = await load('flapping: { window: 1h, high: 50%, low: 25% }')
    expect(flapping.ok && flapping.sections.alerter?.flapping).toEqual({ enabled: true, window: 3_600_000, high: 0.5, low: 0.25 })
    const deadman = await load('deadman: { url_file: ping, every: 5m, method: GET }')
    expect(deadman.ok && deadman.sections.alerter?.deadman).toEqual({
      url: 'https://example.com/ping/s3cret',
      every: 300_000,
      method: 'GET',
      timeout: 10_000,
    })
  })

  it.each([
    ['flapping: { low: 40% }', '2 alerter.flapping.low: must be below high'],
    ['presence: { mass: { share: 130% } }', '2 alerter.presence.mass.share: must be between 0% and 100% (write for example 30%)'],
    ['presence: { after: 30 }', '2 alerter.presence.after: 30 has no unit (write for example 30s or 30m)'],
    [
      'presence: { severity: { host-silence: info } }',
      '2 alerter.presence.severity.host-silence: unknown key (did you mean "host-silent"?)',
    ],
    ['deadman: { every: 1m }', '2 alerter.deadman.url: is missing (add "url", a text (who is to notice when we fall silent, or url_file))'],
  ])('say what is wrong about %s', async (text, expected) => {
    const loaded = await load(text)
    const found = loaded.ok ? [] : loaded.diagnostics
    const said = found.map(({ line, path, message, hint }) => `${line} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
    expect(said).toEqual([expected])
  })

  it('never show the address of a ping', async () => {
    const loaded = await load('deadman: { url: "ftp://example.com/s3cret" }')
    expect(loaded.ok).toBe(false)
    expect(JSON.stringify(loaded)).not.toContain('s3cret')
  })
})
