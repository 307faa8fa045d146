import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from '../../scripts/lock.mjs'
import { installStamp, isInstalled, pnpmEnvironment } from '../../scripts/workspace.mjs'

let root: string

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-workspace-'))
})

afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string) {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  fs.writeFileSync(path.join(root, file), text)
}

describe('installStamp', () => {
  it.each(['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'services/alerter/package.json', 'test/servers/package.json'])(
    'changes with %s',
    (file) => {
      const before = installStamp(root, {})
      write(file, '{}')
      expect(installStamp(root, {})).not.toBe(before)
    },
  )

  it('changes with the toolchain, and not with sources, data or installed packages', () => {
    const before = installStamp(root, { pnpm: '1' })
    expect(installStamp(root, { pnpm: '2' })).not.toBe(before)
    write('services/alerter/src/main.ts', '')
    write('node_modules/x/package.json', '{}')
    write('services/alerter/node_modules/package.json', '{}')
    write('data/package.json', '{}')
    expect(installStamp(root, { pnpm: '1' })).toBe(before)
  })
})

describe('isInstalled', () => {
  it('is true only for the stamp of now', () => {
    expect(isInstalled(root, {})).toBe(false)
    write('node_modules/.nightshift-install', installStamp(root, {}))
    expect(isInstalled(root, {})).toBe(true)
    write('pnpm-lock.yaml', 'changed')
    expect(isInstalled(root, {})).toBe(false)
  })
})

describe('pnpmEnvironment', () => {
  it('keeps everything of pnpm below the cache', () => {
    const env = pnpmEnvironment('/cache', { HOME: '/home/user', PATH: '/bin' })
    const { HOME: _home, PATH: _path, ...own } = env
    expect(Object.values(own).every((value) => value?.startsWith('/cache/pnpm/'))).toBe(true)
    expect(env.PATH).toBe('/bin')
  })
})

describe('withLock', () => {
  const quiet = () => {}

  it('lets one in at a time', async () => {
    const file = path.join(root, 'x.lock')
    let inside = 0
    let most = 0
    const said: string[] = []
    const enter = () =>
      withLock(
        file,
        (line) => said.push(line),
        async () => {
          most = Math.max(most, ++inside)
          await new Promise((resolve) => setTimeout(resolve, 30))
          inside--
        },
      )
    await Promise.all([enter(), enter(), enter()])
    expect(most).toBe(1)
    expect(said.length).toBe(2)
    expect(fs.readdirSync(root)).toEqual([])
  })

  it("takes over a dead holder's lock", async () => {
    const dead = spawnSync('true').pid
    write('x.lock', String(dead))
    let done = false
    await withLock(path.join(root, 'x.lock'), quiet, async () => void (done = true))
    expect(done).toBe(true)
  })

  it('is free again after an error', async () => {
    const file = path.join(root, 'x.lock')
    await expect(withLock(file, quiet, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network')
    await expect(withLock(file, quiet, async () => {})).resolves.toBeUndefined()
  })
})
