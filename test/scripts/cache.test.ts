import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheCandidates, clean, openCache, putInPlace, temporaryFolder } from '../../scripts/cache.mjs'

let root: string
let home: string

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-root-'))
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-home-'))
})

afterEach(() => {
  for (const folder of [root, home]) fs.rmSync(folder, { recursive: true, force: true })
})

describe('cacheCandidates', () => {
  it('takes NIGHTSHIFT_CACHE and nothing else when it is set', () => {
    expect(cacheCandidates({ NIGHTSHIFT_CACHE: '/somewhere', HOME: home, XDG_CACHE_HOME: '/xdg' }, root)).toEqual(['/somewhere'])
  })

  it('prefers XDG_CACHE_HOME to HOME, and ignores a relative one', () => {
    expect(cacheCandidates({ XDG_CACHE_HOME: '/xdg', HOME: home }, root)[0]).toBe('/xdg/nightshift')
    expect(cacheCandidates({ XDG_CACHE_HOME: 'xdg', HOME: home }, root)[0]).toBe(path.join(home, '.cache/nightshift'))
  })

  it('stays in the repository when HOME is missing or does not exist', () => {
    expect(cacheCandidates({}, root)).toEqual([path.join(root, '.cache')])
    expect(cacheCandidates({ HOME: path.join(home, 'nonexistent') }, root)).toEqual([path.join(root, '.cache')])
  })
})

describe('openCache', () => {
  it('falls back to the repository when the folder in HOME cannot be made', () => {
    fs.writeFileSync(path.join(home, '.cache'), 'a file where a folder should be')
    expect(openCache({ HOME: home }, root)).toBe(path.join(root, '.cache'))
  })

  it('refuses a folder that holds something else', () => {
    fs.writeFileSync(path.join(home, 'letter.txt'), 'dear')
    expect(() => openCache({ NIGHTSHIFT_CACHE: home }, root)).toThrow('holds something else')
  })

  it('opens its own folder again', () => {
    const cache = openCache({ HOME: home }, root)
    fs.mkdirSync(path.join(cache, 'pnpm'))
    expect(openCache({ HOME: home }, root)).toBe(cache)
  })
})

describe('putInPlace', () => {
  it('keeps the folder of the start that was first, and removes its own', () => {
    const cache = openCache({ HOME: home }, root)
    const place = path.join(cache, 'tool-1')
    const [first, second] = [temporaryFolder(cache), temporaryFolder(cache)]
    fs.writeFileSync(path.join(first, 'program'), 'first')
    fs.writeFileSync(path.join(second, 'program'), 'second')
    putInPlace(first, place, 'program')
    putInPlace(second, place, 'program')
    expect(fs.readFileSync(path.join(place, 'program'), 'utf8')).toBe('first')
    expect(fs.existsSync(second)).toBe(false)
  })

  it('replaces a folder that lacks its program', () => {
    const cache = openCache({ HOME: home }, root)
    const place = path.join(cache, 'tool-1')
    fs.mkdirSync(path.join(place, 'rest'), { recursive: true })
    const folder = temporaryFolder(cache)
    fs.writeFileSync(path.join(folder, 'program'), 'new')
    putInPlace(folder, place, 'program')
    expect(fs.readdirSync(place)).toEqual(['program'])
  })
})

describe('clean', () => {
  it('removes the cache and every node_modules, and leaves data and folders that are not ours', () => {
    const cache = openCache({ HOME: home }, root)
    for (const each of ['node_modules', 'services/alerter/node_modules', 'test/servers/node_modules', 'data/node_modules']) {
      fs.mkdirSync(path.join(root, each, 'deep'), { recursive: true })
    }
    const removed = clean({ HOME: home }, root)
    expect(removed.sort()).toEqual(
      [
        cache,
        ...['node_modules', 'services/alerter/node_modules', 'test/servers/node_modules'].map((each) => path.join(root, each)),
      ].sort(),
    )
    expect(fs.existsSync(cache)).toBe(false)
    expect(fs.existsSync(path.join(root, 'data/node_modules'))).toBe(true)
    fs.mkdirSync(path.join(home, 'mine'))
    expect(clean({ NIGHTSHIFT_CACHE: home }, root)).toEqual([])
    expect(fs.existsSync(path.join(home, 'mine'))).toBe(true)
  })
})
