import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { missingBinaries } from '../../scripts/lockfile.mjs'

const lockfile = fs.readFileSync(new URL('../../pnpm-lock.yaml', import.meta.url), 'utf8')

describe('missingBinaries', () => {
  it('finds every native tool of our lockfile for Linux x64, Linux arm64 and Apple silicon', () => {
    expect(missingBinaries(lockfile)).toEqual([])
  })

  it('names a binary that one platform lacks', () => {
    const without = lockfile.replaceAll(/^ {2}'?@oxlint\/binding-darwin-arm64@.*$/gm, '')
    expect(missingBinaries(without)).toEqual([expect.stringMatching(/^@oxlint\/binding-darwin-arm64@\d/)])
  })

  it('notices a native package it was never told of', () => {
    expect(missingBinaries(`${lockfile}\n  '@resvg/resvg-js-linux-x64-gnu@2.6.2':\n`)).toEqual([
      '@resvg/resvg-js-linux-arm64@2.6.2',
      '@resvg/resvg-js-darwin-arm64@2.6.2',
    ])
  })

  it('notices that a known tool is no longer there', () => {
    expect(missingBinaries(lockfile.replaceAll('lightningcss-', 'heavyningcss-'))).toContain('lightningcss-linux-x64')
  })
})
