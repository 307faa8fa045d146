import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { collectorConfigSchema } from '../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-scrape-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
async function load(job: string) {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, `collector:\n  scrape:\n    api: ${job}\n`, { mode: 0o600 })
  const loaded = await loadConfig({ file, env: {}, sections: { collector: collectorConfigSchema }, run: 'all' })
  return loaded.ok
    ? { job: loaded.sections.collector?.scrape['api'], mistakes: [] }
    : {
        job: undefined,
        mistakes: loaded.diagnostics.map(({ path, message, hint }) => `${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`),
      }
}

describe('a scrape job', () => {
  it('needs only a URL', async () => {
    expect((await load('{ url: "http://127.0.0.1:8000/metrics" }')).job).toEqual({
      url: 'http://127.0.0.1:8000/metrics',
      every: 10_000,
      format: 'auto',
      headers: {},
      tls: { insecure: false },
      deny: [],
      relabel: [],
      max_series: 2000,
      max_bytes: 4_194_304,
      rates: true,
      quantiles: [0.5, 0.95, 0.99],
      ratios: {},
      values: {},
    })
  })

  it('takes its secrets from files', async () => {
    writeFileSync(join(folder, 'token'), 't0ken\n', { mode: 0o600 })
    writeFileSync(join(folder, 'password'), 'pa55\n', { mode: 0o600 })
    expect((await load('{ url: "http://x/", bearer_token_file: token }')).job?.bearer_token).toBe('t0ken')
    expect((await load('{ url: "http://x/", basic_auth: { username: u, password_file: password } }')).job?.basic_auth).toEqual({
      username: 'u',
      password: 'pa55',
    })
  })

  it.each([
    ['{}', 'collector.scrape.api.url: is missing (say which page to read, with url or targets)'],
    ['{ url: "http://a/", targets: ["http://b/"] }', 'collector.scrape.api.targets: cannot stand beside url (list that one here too)'],
    ['{ targets: ["http://b/", "http://b/"] }', 'collector.scrape.api.targets: names one URL twice'],
    ['{ url: "http://a/", format: json }', 'collector.scrape.api.values: is missing (say what to read from the JSON)'],
    [
      '{ url: "http://a/", values: { x: { path: x } } }',
      'collector.scrape.api.values: goes with format: json (remove it, or set the format)',
    ],
    [
      '{ url: "http://a/", every: 1s, timeout: 2s }',
      'collector.scrape.api.timeout: is longer than every (shorten it, or scrape less often)',
    ],
    ['{ url: "http://a/", relabel: [{ regex: "(a" }] }', 'collector.scrape.api.relabel[0].regex: "(a": a ( is not closed'],
    ['{ url: "http://a/", relabel: [{ regex: "a(?=b)", action: drop }] }', 'look-around'],
    [
      '{ url: "http://a/", relabel: [{ source_labels: [a] }] }',
      'collector.scrape.api.relabel[0].target_label: is missing (say which label to write to)',
    ],
    ['{ url: "http://a/", format: json, values: { x: { path: "a..b" } } }', 'is no step of a path'],
    ['{ url: "http://a/", tls: { cert_file: /x } }', 'cert_file and key_file go together'],
    ['{ url: "http://a/", tls: { ca_file: x } }', 'write the whole path, starting with /'],
    ['{ url: "http://a/", bearer_token: a, basic_auth: { username: u, password: p } }', 'cannot stand beside basic_auth'],
    [
      '{ url: "http://a/", ratios: { error-rate: { numerator: { metric: a }, denominator: { metric: b } } } }',
      'write the name of a metric',
    ],
  ])('%s is refused', async (job, expected) => {
    const { mistakes } = await load(job)
    expect(mistakes.join('\n')).toContain(expected)
  })

  it('with a password in its URL is refused without showing it', async () => {
    const { mistakes } = await load('{ url: "http://user:s3cret@a/" }')
    expect(mistakes.join()).toContain('those go under basic_auth')
    expect(mistakes.join()).not.toContain('s3cret')
  })
})
