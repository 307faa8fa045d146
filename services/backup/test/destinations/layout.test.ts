import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fileAt, fileTypes, nameOf } from '../../src/destinations/layout.ts'

const id = 'ab'.repeat(32)

it('names files as restic does, and finds them by their names', () => {
  const names = ['config', `keys/${id}`, `data/ab/${id}`, `index/${id}`, `snapshots/${id}`, `locks/${id}`]
  expect(fileTypes.map((type) => nameOf({ type, id: type === 'config' ? '' : id }))).toEqual(names)
  for (const name of names) expect(nameOf(fileAt(name) ?? { type: 'lock', id: '' })).toBe(name)
})

it('takes nothing else for a file of a repository', () => {
  for (const name of [
    '',
    '/',
    'CONFIG',
    'config/',
    `data/${id}`,
    `data/00/${id}`,
    `keys/ab/${id}`,
    `${id}`,
    `../keys/${id}`,
    `keys/${id}-tmp-1`,
  ])
    expect({ name, file: fileAt(name) }).toEqual({ name, file: undefined })
  fc.assert(
    fc.property(fc.string(), (text) => {
      const file = fileAt(text)
      expect(file === undefined || nameOf(file) === text).toBe(true)
    }),
  )
})
