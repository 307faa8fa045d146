import { expect, test } from 'vitest'
import { TargetGroup, type Look, type Target } from '../../src/databases/target-group.ts'

/** A server that gives one look after the other. */
function target(name: string, looks: (Look | undefined)[]): Target & { forgotten: number; closed: boolean } {
  return {
    name,
    forgotten: 0,
    closed: false,
    look: async () => looks.shift(),
    forget() {
      this.forgotten++
    },
    close() {
      this.closed = true
    },
  }
}
const tables = (...names: string[]) => ({ postgres_table: { items: names.map((table) => ({ table, rows: 1 })) } })

test('a server that is away is an item with up 0 and every field of the catalogue null', async () => {
  const group = new TargetGroup('redis', [target('cache', [undefined]), target('queue', [{ fields: { keys: 3 } }])])
  const { items, unreadable } = await group.read(1)
  expect(unreadable).toBe(1)
  expect(items?.[0]).toMatchObject({ target: 'cache', up: 0, keys: null, hit_ratio: null })
  expect(items?.[1]).toEqual({ target: 'queue', up: 1, keys: 3 })
})

test('a group beside goes out when a server gave it; the things of one that did not are not gone', async () => {
  const a = target('a', [{ fields: {}, beside: tables('x') }, { fields: {} }, { fields: {}, beside: tables('y') }, undefined, undefined])
  const b = target('b', [{ fields: {}, beside: tables('z') }, { fields: {} }, undefined, { fields: {}, beside: tables('z') }, undefined])
  const group = new TargetGroup('postgres', [a, b])
  const beside = async () => (await group.read(1)).beside?.['postgres_table']?.items
  expect(await beside()).toEqual([
    { target: 'a', table: 'x', rows: 1 },
    { target: 'b', table: 'z', rows: 1 },
  ])
  expect(await beside()).toBeUndefined()
  expect(await beside()).toEqual([
    { target: 'a', table: 'y', rows: 1 },
    { target: 'b', table: 'z', rows: null },
  ])
  expect(await beside()).toEqual([
    { target: 'a', table: 'y', rows: null },
    { target: 'b', table: 'z', rows: 1 },
  ])
  expect(await beside()).toBeUndefined()
})

test('after the machine slept nothing is compared', async () => {
  const a = target('a', [{ fields: {} }, { fields: {} }])
  const group = new TargetGroup('postgres', [a])
  await group.read(1)
  expect(a.forgotten).toBe(0)
  await group.read(null)
  expect(a.forgotten).toBe(1)
  group.close()
  expect(a.closed).toBe(true)
})
