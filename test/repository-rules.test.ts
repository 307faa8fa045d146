import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'
import { describe, expect, test } from 'vitest'

const exclude = (name: string): boolean => name.includes('node_modules')
const find = (...patterns: string[]): string[] => globSync(patterns, { cwd: repositoryRoot, exclude }).filter((file) => !exclude(file))
const read = (file: string): string => readFileSync(join(repositoryRoot, file), 'utf8')

describe('the repository', () => {
  test('explains every direct dependency in docs/dependencies.md', () => {
    const explained = read('docs/dependencies.md')
    const direct = find(
      'package.json',
      '{packages,services}/*/package.json',
      'test/package.json',
      'test/servers/package.json',
      'bench/package.json',
    ).flatMap((file) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file)) as Record<string, Record<string, string>>
      return Object.keys({ ...dependencies, ...devDependencies })
    })
    const missing = direct.filter((name) => !name.startsWith('@nightshift/') && !explained.includes(`\`${name}\``))
    expect([...new Set(missing)]).toEqual([])
  })

  test('has no source file over 400 lines, and none whose name says nothing', () => {
    const sources = find('{packages,services,scripts,test,bench}/**/*.{ts,js,mjs,css}')
    expect(sources.length).toBeGreaterThan(200)
    expect(sources.filter((file) => read(file).split('\n').length > 401)).toEqual([])
    expect(sources.filter((file) => /(?:^|\/)(?:utils?|helpers?|common|misc|types)\.[a-z]+$/.test(file))).toEqual([])
  })

  test('has no link between its documents that leads nowhere', () => {
    const broken = find('*.md', 'docs/**/*.md', 'services/*/*.md').flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(repositoryRoot, dirname(file), target)))
        .map((target) => `${file}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  test('lets no service import another', () => {
    const crossing = find('services/*/src/**/*.{ts,js}').filter((file) => {
      const own = file.split('/')[1]
      return [...read(file).matchAll(/from '@nightshift\/(\w+)/g)].some(([, target]) => target !== 'shared' && target !== own)
    })
    expect(crossing).toEqual([])
  })
})
