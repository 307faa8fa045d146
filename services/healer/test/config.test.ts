import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { healerConfigSchema, healerCrossChecks } from '../src/config.ts'
import { playbooksByCheck } from '../src/playbook/playbook.ts'

function messages(config: unknown): string[] {
  const parsed = healerConfigSchema.safeParse(config)
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

test('the least a playbook needs is a check and a command; it then only says what it would do', () => {
  const config = healerConfigSchema.parse({
    playbooks: { 'restart-web': { when: { check: 'web' }, run: ['systemctl', 'restart', 'web'] } },
  })
  const playbook = playbooksByCheck(config).get('web')
  expect(playbook).toMatchObject({
    name: 'restart-web',
    policy: { mode: 'dry_run', attempts: 3, windowMs: 900_000, backoffMs: [0, 30_000, 120_000], cooldownMs: 60_000 },
    verify: { passes: 3, withinMs: 30_000, everyMs: 1000 },
    action: { kind: 'run', spec: { argv: ['systemctl', 'restart', 'web'], cwd: '/', env: [], timeoutMs: 30_000, detach: false } },
  })
})

test('the example of the README is accepted', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-healer-readme-'))
  try {
    const file = join(folder, 'nightshift.yaml')
    writeFileSync(file, example)
    const loaded = await loadConfig({ file, env: {}, sections: { healer: healerConfigSchema }, run: 'all', crossChecks: healerCrossChecks })
    expect(loaded).toMatchObject({ ok: true, sections: { healer: { playbooks: { 'restart-web': { mode: 'auto', attempts: 3 } } } } })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.each([
  ['a command as one string', { run: 'systemctl restart web' }, /run: .*array/],
  ['an empty command', { run: [] }, /run: /],
  ['a mode that does not exist yet', { mode: 'approve' }, /mode: /],
  ['a relative folder', { cwd: 'app' }, /cwd: give an absolute path/],
  ['a value instead of the name of a variable', { env: ['TOKEN=x'] }, /env\.0: use the name of an environment variable/],
  ['no attempt at all', { attempts: 0 }, /attempts: /],
  ['an unknown key', { command: ['true'] }, /command/],
  ['a verification that can never pass', { verify: { passes: 10, within: '5s', every: '1s' } }, /verify\.within: too short for 10 passes/],
])('%s is refused', (_, wrong, message) => {
  const found = messages({ playbooks: { heal: { when: { check: 'web' }, run: ['true'], ...wrong } } })
  expect(found.join('\n')).toMatch(message)
})

test('two playbooks on one check are refused, and the second one is named', () => {
  const playbook = { when: { check: 'web' }, run: ['true'] }
  expect(messages({ playbooks: { first: playbook, second: playbook } })).toEqual([
    'playbooks.second.when.check: check web already has the playbook first; one check takes one playbook',
  ])
})

test('a playbook on a check that the collector of the same file does not run is refused, with what was meant', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-healer-config-'))
  try {
    const file = join(folder, 'nightshift.yaml')
    const yaml = `collector:
  checks:
    web: {}
healer:
  playbooks:
    restart-web:
      when: { check: wbe }
      run: [systemctl, restart, web]
`
    writeFileSync(file, yaml)
    const sections = { collector: z.looseObject({}), healer: healerConfigSchema }
    const loaded = await loadConfig({ file, env: {}, sections, run: 'all', crossChecks: healerCrossChecks })
    expect(loaded).toMatchObject({
      ok: false,
      diagnostics: [
        {
          line: 7,
          path: 'healer.playbooks.restart-web.when.check',
          message: 'there is no check "wbe" in collector.checks',
          hint: expect.stringContaining('web') as string,
        },
      ],
    })
    writeFileSync(file, yaml.replace('wbe', 'web'))
    expect(await loadConfig({ file, env: {}, sections, run: 'all', crossChecks: healerCrossChecks })).toMatchObject({ ok: true })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
