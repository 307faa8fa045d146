import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Excludes } from '../../../src/archive/walk/exclude.ts'

function isExcluded(patterns: readonly string[], path: string, isFolder = false): boolean {
  return new Excludes(patterns, '/srv').has(path.split('/'), isFolder)
}

/** As the walk asks: what lies in a folder that is left out is never asked for. */
function isLeftOut(patterns: readonly string[], path: string): boolean {
  const names = path.split('/')
  const excludes = new Excludes(patterns, '/srv')
  return names.some((_, index) => excludes.has(names.slice(0, index + 1), index < names.length - 1))
}

describe('patterns of excludes', () => {
  test.each([
    [['*.log'], 'a/b/c.log', true],
    [['/a.log'], 'b/a.log', false],
    [['a/*.log'], 'a/x.log', true],
    [['a/*.log'], 'b/a/x.log', false],
    [['a/**/z'], 'a/z', true],
    [['a/**/z'], 'a/b/c/z', true],
    [['**/z'], 'z', true],
    [['a/**'], 'a', false],
    [['a/**'], 'a/b', true],
    [['*.log', '!keep.log'], 'keep.log', false],
    [['file[0-9]'], 'file7', true],
    [['file[!0-9]'], 'file7', false],
    [[String.raw`\!odd`], '!odd', true],
    [['a.b'], 'axb', false],
    [['/srv/tmp'], 'tmp', true],
    [['/srv/tmp'], 'x/tmp', false],
    [['fi?e'], 'file', true],
    [['백업*'], '백업.tar', true],
  ])('%j: %s is left out: %s', (patterns, path, expected) => {
    expect(isExcluded(patterns, path)).toBe(expected)
  })

  test('with a slash at the end mean folders only', () => {
    expect(isExcluded(['tmp/'], 'tmp', true)).toBe(true)
    expect(isExcluded(['tmp/'], 'tmp', false)).toBe(false)
  })

  test('that are none are refused by name', () => {
    expect(() => new Excludes(['[z-a]'], '/srv')).toThrow(/"\[z-a\]"/)
  })

  test('mean what they mean to git', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nightshift-excludes-'))
    try {
      execFileSync('git', ['init', '-q', folder])
    } catch {
      process.stderr.write('skipped: excludes beside git, because there is no git\n')
      return
    }
    try {
      const piece = fc.constantFrom('a', 'b', '*', '?', '**', '*.c', '[ab]', 'x.c', '[!a]')
      const pattern = fc
        .tuple(fc.constantFrom('', '!', '/'), fc.array(piece, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '/'))
        .map(([start, pieces, end]) => start + pieces.join('/') + end)
      const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'x.c', 'y'), { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
      fc.assert(
        fc.property(
          fc.array(pattern, { minLength: 1, maxLength: 4 }),
          fc.uniqueArray(path, { minLength: 10, maxLength: 40 }),
          (patterns, paths) => {
            const said = askGit(folder, patterns, paths)
            expect(paths.filter((each) => isLeftOut(patterns, each))).toEqual(said)
          },
        ),
        { numRuns: 60 },
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** Which of the paths git would ignore. */
function askGit(folder: string, patterns: readonly string[], paths: readonly string[]): string[] {
  const args = ['-C', folder, '-c', `core.excludesFile=${join(folder, 'patterns')}`, 'check-ignore', '--no-index', '--stdin', '-v', '-n']
  execFileSync('sh', ['-c', 'cat > "$1"', 'sh', join(folder, 'patterns')], { input: `${patterns.join('\n')}\n` })
  const lines = runGit(args, `${paths.join('\n')}\n`)
    .trim()
    .split('\n')
  return lines.flatMap((line) => {
    const [rule = '', path = ''] = line.split('\t')
    const pattern = rule.split(':').slice(2).join(':')
    return pattern === '' || pattern.startsWith('!') ? [] : [path]
  })
}

/** It ends with 1 when nothing is ignored. */
function runGit(args: readonly string[], input: string): string {
  try {
    return execFileSync('git', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
