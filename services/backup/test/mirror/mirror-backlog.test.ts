import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MirrorBacklog, settleMs } from '../../src/mirror/mirror-backlog.ts'
import { needsUpload } from '../../src/mirror/needs-upload.ts'
import { isSecretName } from '../../src/mirror/secret-name.ts'

test('a file is taken when it has come to rest, and a change while it is stored makes it wait again', () => {
  const backlog = new MirrorBacklog()
  backlog.add('a', 1000)
  expect(backlog.next(1000 + settleMs - 1)).toBeUndefined()
  backlog.add('a', 1300)
  expect(backlog.next(1000 + settleMs)).toBeUndefined()
  expect(backlog.next(1300 + settleMs)).toBe('a')
  const taken = backlog.take('a')
  backlog.add('a', 2000)
  backlog.finish('a', taken)
  expect([backlog.size, backlog.oldestMs]).toEqual([1, 2000])
  backlog.finish('a', backlog.take('a'))
  expect([backlog.size, backlog.oldestMs]).toEqual([0, undefined])
})

test('a file that is written all the time is taken all the same', () => {
  const backlog = new MirrorBacklog()
  for (let at = 0; at <= 10_000; at += 100) backlog.add('log', at)
  expect(backlog.next(10_000)).toBe('log')
})

test('too many changes are not remembered one by one: all is compared, and until then the oldest of them counts', () => {
  const backlog = new MirrorBacklog()
  for (let at = 0; at < 20_010; at++) backlog.add(`file-${at}`, at)
  expect([backlog.size, backlog.hasOverflown]).toEqual([20_000, true])
  for (let at = 0; at < 20_000; at++) backlog.finish(`file-${at}`, backlog.take(`file-${at}`))
  expect(backlog.oldestMs).toBe(20_000)
  backlog.beginAll(30_000)
  // A comparison that failed has to be made again.
  expect([backlog.hasOverflown, backlog.oldestMs]).toEqual([true, 20_000])
  backlog.beginAll(40_000)
  backlog.overflow(41_000)
  backlog.endAll()
  expect([backlog.hasOverflown, backlog.oldestMs]).toEqual([true, 41_000])
})

test('what is stored is told by size and time, and by content where only that can tell', () => {
  const local = { sizeBytes: 10, modifiedMs: 50_000 }
  const object = { path: 'a', sizeBytes: 10, modifiedMs: 60_000, keepsTime: false, md5: 'x' }
  expect(needsUpload(local, undefined, false)).toBe('yes')
  expect(needsUpload(local, { ...object, sizeBytes: 11 }, false)).toBe('yes')
  expect(needsUpload(local, object, false)).toBe('no')
  expect(needsUpload(local, object, true)).toBe('look')
  expect(needsUpload(local, { ...object, md5: null }, true)).toBe('yes')
  expect(needsUpload({ ...local, modifiedMs: 61_000 }, object, false)).toBe('look')
  const file = { ...object, keepsTime: true, md5: null }
  expect(needsUpload(local, { ...file, modifiedMs: 50_001 }, true)).toBe('no')
  expect(needsUpload(local, file, false)).toBe('yes')
})

test('what is called as secrets are goes nowhere, at any depth and in any case', () => {
  const secrets = [
    '.env',
    '.ENV.production',
    'prod.env',
    'server.key',
    'tls/Server.PEM',
    '.ssh/config',
    'id_ed25519',
    'secrets/x',
    'credentials.json',
    'password',
  ]
  const others = ['environment.ts', 'keyboard.png', 'secretary.jpg', 'a/env', 'public.pub']
  expect(secrets.filter((path) => !isSecretName(path.split('/')))).toEqual([])
  expect(others.filter((path) => isSecretName(path.split('/')))).toEqual([])
  const name = fc.stringMatching(/^[a-z]{1,8}$/)
  fc.assert(fc.property(fc.array(name, { maxLength: 5 }), (above) => isSecretName([...above, '.env'])))
})
