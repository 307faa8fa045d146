import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isFileId } from '../../src/destinations/layout.ts'
import { isLogin } from '../../src/rest-server/rest-access.ts'
import { parseRange, parseRestPath } from '../../src/rest-server/rest-path.ts'

it('finds a file only where its name is one of a repository', () => {
  const part = fc.oneof(fc.constantFrom('data', 'keys', 'config', '..', '%2e', '', 'a'.repeat(64)), fc.string())
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const path = parseRestPath(`/${parts.join('/')}`)
      expect(path?.kind !== 'file' || path.file.type === 'config' || isFileId(path.file.id)).toBe(true)
    }),
  )
})

it('reads ranges, and ignores what is none', () => {
  expect(parseRange('bytes=0-')).toEqual({ start: 0, end: undefined })
  expect(parseRange('bytes=7-9')).toEqual({ start: 7, end: 10 })
  for (const header of [undefined, '', 'bytes=-5', 'bytes=9-7', 'bytes=1-2,4-5', 'items=0-1']) expect(parseRange(header)).toBeUndefined()
  fc.assert(
    fc.property(fc.string(), (text) => {
      const range = parseRange(`bytes=${text}`)
      expect(range?.end === undefined || range.end > range.start).toBe(true)
    }),
  )
})

it('knows the login, and nothing else', () => {
  expect(isLogin(`Basic ${btoa('nightshift:secret')}`, 'nightshift', 'secret')).toBe(true)
  fc.assert(fc.property(fc.string(), (text) => !isLogin(text, 'nightshift', 'secret') && !isLogin(`Basic ${text}`, 'nightshift', 'secret')))
})
