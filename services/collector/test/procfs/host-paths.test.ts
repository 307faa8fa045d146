import { expect, test } from 'vitest'
import { hostPaths, insideRoot } from '../../src/procfs/host-paths.ts'

test('without variables the files are our own', () => {
  const paths = hostPaths({})
  expect(paths).toEqual({ proc: '/proc', sys: '/sys', root: '/' })
  expect(insideRoot(paths, '/home')).toBe('/home')
})

test('in a container the variables name where the files of the host are mounted', () => {
  const paths = hostPaths({ HOST_PROC: '/host/proc', HOST_SYS: '/host/sys/', HOST_ROOT: '/host' })
  expect(paths).toEqual({ proc: '/host/proc', sys: '/host/sys', root: '/host' })
  expect(insideRoot(paths, '/home')).toBe('/host/home')
})
