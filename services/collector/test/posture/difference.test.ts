import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, differenceText, type CompareOptions } from '../../src/posture/difference.ts'
import type { Fact, Facts } from '../../src/posture/look.ts'

const usual: CompareOptions = { newPartsAreNews: false, isIgnored: () => false }
const facts = (entries: Record<string, string | null>): Facts => new Map(Object.entries(entries).map(([item, text]) => [item, { text }]))
const parts = (entries: Record<string, Facts | null>): Map<string, Facts | null> => new Map(Object.entries(entries))
const texts = (before: Map<string, Facts> | undefined, after: Map<string, Facts | null>, options = usual): string[] =>
  compare(before, after, options).differences.map(differenceText)

test('the first look finds nothing, and so does the first look at a part', () => {
  expect(texts(undefined, parts({ ports: facts({ 'tcp 22': 'sshd' }) }))).toEqual([])
  expect(texts(new Map(), parts({ '/etc': facts({ a: '0644' }) }))).toEqual([])
  expect(texts(new Map(), parts({ eve: facts({ key: 'ed25519' }) }), { ...usual, newPartsAreNews: true })).toEqual(['key is new: ed25519'])
})

test('what is new, gone or changed is told with what it was and is', () => {
  const before = new Map([['ports', facts({ 'tcp 22': 'sshd', 'tcp 80': 'nginx', 'tcp 443': 'nginx' })]])
  expect(texts(before, parts({ ports: facts({ 'tcp 22': 'sshd', 'tcp 80': 'nc', 'tcp 25': null }) }))).toEqual([
    'tcp 80 changed from: nginx; to: nc',
    'tcp 25 is new',
    'tcp 443 is gone; it was: nginx',
  ])
})

test('other content behind the same text is a change, and its digest is not told', () => {
  const before = new Map([['files', new Map([['file /etc/crontab', { text: '10 bytes', digest: 'aaaa' }]])]])
  const after = parts({ files: new Map([['file /etc/crontab', { text: '10 bytes', digest: 'bbbb' }]]) })
  expect(texts(before, after)).toEqual(['file /etc/crontab has other content: 10 bytes'])
})

test('a part that cannot be read keeps what was known; a thing that cannot be told this time counts as unchanged', () => {
  const before = new Map([['ports', facts({ 'tcp 22': 'sshd' })]])
  const unread = compare(before, parts({ ports: null }), usual)
  expect(unread).toEqual({ differences: [], parts: before })
  const unknown = compare(before, parts({ ports: facts({ 'tcp 22': null }) }), usual)
  expect(unknown).toEqual({ differences: [], parts: before })
  expect(texts(unknown.parts, parts({ ports: facts({ 'tcp 22': 'nc' }) }))).toEqual(['tcp 22 changed from: sshd; to: nc'])
})

test('a part that was there all the time and can be read only now is no news', () => {
  const newsworthy = { ...usual, newPartsAreNews: true }
  const unread = compare(new Map(), parts({ root: null }), newsworthy)
  const still = compare(unread.parts, parts({ root: null }), newsworthy)
  const first = compare(still.parts, parts({ root: facts({ key: 'ed25519' }) }), newsworthy)
  expect(first.differences).toEqual([])
  expect(texts(first.parts, parts({ root: facts({ key: 'ed25519', other: 'rsa' }) }), newsworthy)).toEqual(['other is new: rsa'])
})

test('what is ignored is taken over and not told', () => {
  const before = new Map([['iptables', facts({ 'chain f2b-sshd': '1 rule' })]])
  const after = compare(before, parts({ iptables: facts({ 'chain f2b-sshd': '9 rules' }) }), {
    ...usual,
    isIgnored: (item) => item.includes('f2b-'),
  })
  expect(after).toEqual({ differences: [], parts: parts({ iptables: facts({ 'chain f2b-sshd': '9 rules' }) }) })
})

test('whatever the looks are, a look compared with itself finds nothing, and each difference is found once', () => {
  const fact: fc.Arbitrary<Fact> = fc.record({ text: fc.option(fc.constantFrom('a', 'b')), digest: fc.constantFrom('1', '2') })
  const anyFacts = fc
    .uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'z', '__proto__'), fact), { selector: ([item]) => item })
    .map((list) => new Map(list))
  const anyParts = fc
    .uniqueArray(fc.tuple(fc.constantFrom('p', 'q'), fc.option(anyFacts, { freq: 3 })), { selector: ([part]) => part })
    .map((list) => new Map<string, Facts | null>(list))
  fc.assert(
    fc.property(fc.array(anyParts, { minLength: 1, maxLength: 5 }), (looks) => {
      let known: Map<string, Facts> | undefined
      for (const look of looks) {
        const first = compare(known, look, usual)
        const second = compare(first.parts, look, usual)
        expect(second.differences).toEqual([])
        expect(second.parts).toEqual(first.parts)
        expect(new Set(first.differences.map((each) => JSON.stringify(each))).size).toBeLessThanOrEqual(8)
        known = first.parts
      }
    }),
  )
})
