import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { formatDiagnostic, formatReport } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'
import { sampleSections } from './sample-sections.ts'

const configs = new ConfigFolder()
afterAll(() => configs.remove())

describe('a secret', () => {
  test('is taken from the file that its twin names, beside the configuration', async () => {
    configs.write('s3cret-öä\r\n', 'hmac')
    const loaded = await configs.load('alerter: {channels: {a: {kind: webhook, url: "http://x/", hmac_secret_file: hmac}}}\n')
    expect(loaded).toMatchObject({
      ok: true,
      sections: { alerter: { channels: { a: { hmac_secret: 's3cret-öä' } } } },
      files: [join(configs.path, 'c.yaml'), join(configs.path, 'hmac')],
    })
  })

  test('may have its file named by the environment', async () => {
    configs.write('x', 'from-env')
    const text = 'nats: {user: a, password_file: "${CREDENTIALS}/from-env"}\n'
    expect(await configs.load(text, { env: { CREDENTIALS: configs.path } })).toMatchObject({ ok: true, base: { nats: { password: 'x' } } })
    expect(await configs.complaints(text, { env: { CREDENTIALS: '/nowhere' } })).toEqual([
      'c.yaml:1:32: nats.password_file: the file it names does not exist',
    ])
  })

  test('whose key is not known is refused by the name that was written', async () => {
    configs.write('x', 'some')
    expect(await configs.complaints('http: {token_file: some, prot: 1}\n')).toEqual([
      'c.yaml:1:8: http.token_file: unknown key; known here: address, port',
      'c.yaml:1:26: http.prot: unknown key; did you mean "port"?',
    ])
  })

  test('that is wrong is refused by the name that was written, unseen', async () => {
    configs.write('not a seed', 'nkey')
    expect(await configs.complaints('nats: {nkey_file: nkey}\n')).toEqual([
      'c.yaml:1:19: nats.nkey_file: is not the seed of a user; it has 58 characters and begins with SU',
    ])
  })

  test('in a file that everybody may read is warned of', async () => {
    const file = configs.write('nats: {user: a, password: b}\n')
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
      (s: string) => `nats:\n  password ${s}\nlog:\n  token=${s}\n`,
      (s: string) => `nats:\n  user: a\n  password:${s}\n  passwordd: ${s}\n`,
      (s: string) => `nats:\n  user: a\n  secret ${s}\n  old_passwordd: ${s}\n`,
      (s: string) => `collector: {checks: {a: {kind: tcp, host: [--password=${s}], old-admin-token: ${s}}}}\nlog: {level: "token: ${s}"}`,
      () => 'nats: {nkey_file: secret-file, servers: "${SECRET}"}',
    )
    configs.write(secret, 'secret-file')
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('', '\nlog: {levle: 1}', '\n\thost: x', '\nx'), async (text, more) => {
        const loaded = await configs.load(text(secret) + more, { env: { SECRET: secret } })
        expect(loaded.ok).toBe(false)
        const diagnostics = loaded.ok ? [] : loaded.diagnostics
        expect(formatReport(diagnostics, { color: false }) + JSON.stringify(diagnostics)).not.toContain(secret)
      }),
      { numRuns: 120 },
    )
  })
})
