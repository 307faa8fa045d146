import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

// oxlint passes over what it does not understand (an expression its engine lacks, a rule of another name) without a word.
const oxlint = new URL('../../node_modules/.bin/oxlint', import.meta.url).pathname
let root: string

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-lint-'))
  fs.copyFileSync(new URL('../../.oxlintrc.json', import.meta.url), path.join(root, '.oxlintrc.json'))
})

afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

function lint(file: string, text: string): string {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  fs.writeFileSync(path.join(root, file), text)
  return spawnSync(oxlint, ['--format=unix'], { cwd: root, encoding: 'utf8' }).stdout
}

describe('the lint rules', () => {
  it.each([
    "import '@nightshift/collector/service'",
    "import '@nightshift/alerter'",
    "import '../../alerter/src/config.ts'",
    "import '../../../services/reporter/src/config.ts'",
    "await import('@nightshift/cli/main')",
  ])('forbid a service %s', (line) => {
    expect(lint('services/healer/src/x.ts', line)).toContain('no-restricted-imports')
  })

  it.each(["import '@nightshift/shared/bus/bus'", "import '@nightshift/test-servers/nats'", "import '../src/reporter/text.ts'"])(
    'allow a service %s',
    (line) => {
      expect(lint('services/healer/test/x.ts', line)).not.toContain('no-restricted-imports')
    },
  )

  it('allow the cli what they forbid the services', () => {
    expect(lint('packages/cli/src/x.ts', "import '@nightshift/collector/service'")).not.toContain('no-restricted-imports')
  })

  it('find import cycles', () => {
    lint('packages/cli/src/a.ts', "import { b } from './b.ts'\nexport const a = (): number => b()\n")
    expect(lint('packages/cli/src/b.ts', "import { a } from './a.ts'\nexport const b = (): number => a()\n")).toContain('import(no-cycle)')
  })
})
