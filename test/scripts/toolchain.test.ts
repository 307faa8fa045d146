import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { atLeast, integrityProblem, nodePackage, npmCommand, type Toolchain } from '../../scripts/toolchain.mjs'

const { toolchain } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { toolchain: Toolchain }

describe('atLeast', () => {
  it.each([
    ['24.12.0', '24.12.0', true],
    ['v24.12.1', '24.12.0', true],
    ['26.0.0-nightly2026', '24.12.0', true],
    ['24.9.9', '24.12.0', false],
    ['20.20.2', '24.12.0', false],
    ['2.10.0', '2.9.10', true],
    ['2.9.9', '2.9.10', false],
  ])('%s against %s is %s', (version, minimum, expected) => {
    expect(atLeast(version, minimum)).toBe(expected)
  })
})

describe('nodePackage', () => {
  it.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
  ])('names a package for %s %s whose hash package.json pins', (platform, arch) => {
    const wanted = nodePackage(toolchain, platform, arch)
    expect(toolchain.integrity[`${wanted?.name}@${wanted?.version}`]).toMatch(/^sha512-/)
  })

  it('has none for other machines', () => {
    expect(nodePackage(toolchain, 'darwin', 'x64')).toBeNull()
    expect(nodePackage(toolchain, 'freebsd', 'x64')).toBeNull()
  })

  it('stays at or above the oldest Node that works', () => {
    expect(atLeast(toolchain.node, toolchain.node_minimum)).toBe(true)
    expect(atLeast(toolchain.node_darwin, toolchain.node_minimum)).toBe(true)
  })
})

describe('integrityProblem', () => {
  const pinned = { 'pnpm@1.0.0': 'sha512-a', '@pnpm/exe.linux-x64@1.0.0': 'sha512-b' }
  const lock = (exe: string) => ({
    packages: {
      '': {},
      'node_modules/pnpm': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/@pnpm/exe.linux-x64': { version: '1.0.0', integrity: exe },
    },
  })

  it('is satisfied when every pinned package has its hash', () => {
    expect(integrityProblem(lock('sha512-b'), pinned, 'pnpm@1.0.0')).toBeNull()
  })

  it('names a package, also a nested one, whose hash differs', () => {
    expect(integrityProblem(lock('sha512-x'), pinned, 'pnpm@1.0.0')).toContain('@pnpm/exe.linux-x64@1.0.0')
  })

  it('refuses what is not pinned and what is not there', () => {
    expect(integrityProblem(lock('sha512-b'), {}, 'pnpm@1.0.0')).toContain('pins no integrity')
    expect(integrityProblem({}, pinned, 'pnpm@1.0.0')).toContain('did not install')
  })
})

describe('npmCommand', () => {
  it('uses the npm that started us, and not a pnpm or yarn that did', () => {
    expect(npmCommand({ npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' })).toEqual([
      process.execPath,
      '/usr/lib/node_modules/npm/bin/npm-cli.js',
    ])
    expect(npmCommand({ npm_execpath: '/opt/pnpm/bin/pnpm.cjs' })).toEqual(['npm'])
    expect(npmCommand({})).toEqual(['npm'])
  })
})
