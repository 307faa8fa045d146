import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { compileName, expandGlob } from '../../src/globs/expand-glob.ts'

function tree(...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-glob-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const file of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return folder
}

test.each([
  ['*.log', ['app.log', 'web.log']],
  ['a?p.log', ['app.log']],
  ['[aw]*.log', ['app.log', 'web.log']],
  ['[!a]*.log', ['web.log']],
  ['*/x.log', ['one/x.log', 'two/x.log']],
  ['**/x.log', ['one/x.log', 'two/deep/er/x.log', 'two/x.log']],
  ['no/such/*.log', []],
  ['one/x.log', ['one/x.log']],
])('%s finds %j', async (pattern, found) => {
  const folder = tree('app.log', 'web.log', '.hidden.log', 'one/x.log', 'two/x.log', 'two/deep/er/x.log', 'app.txt')
  expect((await expandGlob(join(folder, pattern))).map((path) => relative(folder, path))).toEqual(found)
})

test('a folder that leads into itself ends the search', async () => {
  const folder = tree('a/x.log')
  symlinkSync(folder, join(folder, 'a', 'loop'))
  expect(await expandGlob(join(folder, '**', '*.log'))).toEqual([join(folder, 'a', 'x.log')])
})

test('a name without signs matches itself and nothing else', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.+^$(){}|\\-]{1,20}$/)
  fc.assert(fc.property(name, name, (one, other) => compileName(one)(other) === (one === other)))
})
