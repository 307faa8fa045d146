import { expect, test } from 'vitest'
import {
  countApkUpdates,
  countDnfUpdates,
  parseAptSimulation,
  parseDnfSecurity,
  parseUpdateNotifier,
} from '../../src/inventory/pending-updates.ts'
import { fixture } from '../fixture.ts'

test('apt of Debian 12, as recorded: updates, those about security, with their versions', () => {
  const { updates, securityUpdates, security } = parseAptSimulation(fixture('packages/apt-bookworm.txt'))
  expect([updates, securityUpdates]).toEqual([123, 68])
  expect(security).toContainEqual({ name: 'libgcrypt20', version: '1.10.1-3+deb12u1' })
  expect(parseAptSimulation('0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n')).toEqual({
    updates: 0,
    securityUpdates: 0,
    security: [],
  })
})

test('dnf 4 and dnf 5 (hand-written): a package with two advisories counts once, what is obsoleted does not', () => {
  expect(countDnfUpdates(fixture('packages/dnf-check-update.txt'))).toBe(3)
  expect(parseDnfSecurity(fixture('packages/dnf-updateinfo.txt'))).toEqual([
    { name: 'kernel', version: '5.14.0-503.15.1.el9_5' },
    { name: 'openssl-libs', version: '1:3.2.2-6.el9_5.1' },
  ])
  expect(parseDnfSecurity(fixture('packages/dnf5-advisory.txt'))).toEqual([{ name: 'vim-minimal', version: '2:9.1.866-1.fc41' }])
})

test('apk (hand-written) tells how many', () => {
  expect(countApkUpdates(fixture('packages/apk-version.txt'))).toBe(2)
})

test("Ubuntu's own file tells both without a program (hand-written)", () => {
  expect(parseUpdateNotifier(fixture('packages/updates-available'))).toMatchObject({ updates: 12, securityUpdates: 7 })
  expect(parseUpdateNotifier('3 updates can be applied immediately.\n')).toMatchObject({ updates: 3, securityUpdates: 0 })
  expect(parseUpdateNotifier('')).toMatchObject({ updates: null, securityUpdates: null })
})
