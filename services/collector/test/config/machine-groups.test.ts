import { describe, expect, test } from 'vitest'
import { config } from '../service-on-broker.ts'

describe('the groups about containers, graphics processors, directories and the inventory', () => {
  test('need no configuration; the slow ones have a cadence of their own', () => {
    const { container, gpu, dir, inventory } = config({}).groups
    expect(container).toEqual({
      enabled: true,
      sockets: ['/run/docker.sock', '/run/podman/podman.sock'],
      services: false,
      exclude: [],
    })
    expect(gpu).toEqual({ enabled: true })
    expect(dir).toEqual({ enabled: true, every: 300_000, paths: [], max_entries: 1_000_000, max_depth: 64 })
    expect(inventory).toEqual({ enabled: true, every: 3_600_000 })
  })

  test.each([
    ['a directory that is not named in full', { dir: { paths: ['var/log'] } }, 'must be an absolute path'],
    ['a socket that is not named in full', { container: { sockets: ['docker.sock'] } }, 'must be an absolute path'],
    [
      'more directories than are walked through',
      { dir: { paths: Array.from({ length: 65 }, (_, index) => `/srv/${index}`) } },
      '<=64 items',
    ],
    ['a cadence of days', { inventory: { every: '2d' } }, '2d is too long'],
  ])('refuse %s', (_, groups, message) => {
    expect(() => config({ groups })).toThrow(message)
  })
})
