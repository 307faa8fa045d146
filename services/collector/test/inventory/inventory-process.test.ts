import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import { maxFacts, updateKind, withUpdatesOf, type Inventory } from '../../src/inventory/facts.ts'
import { inventoryByChild, parseInventory } from '../../src/inventory/inventory-process.ts'
import { inventoryItems } from '../../src/sources/inventory.ts'

const host = { proc: '/proc', sys: '/sys', root: '/' }

test.runIf(process.platform === 'linux')(
  'the inventory of this host comes from a child, in the words of the catalogue',
  { timeout: 70_000 },
  async () => {
    const { signal } = new AbortController()
    const inventory = await inventoryByChild(host, '', signal)
    const fields = inventory.numbers
    const items = inventoryItems(inventory)
    const entry = findGroup('inventory')
    expect(Object.keys(fields).filter((field) => entry?.fields[field] === undefined)).toEqual([])
    const known = ['kind', 'name', 'value', ...Object.keys(entry?.items?.fields ?? {})]
    expect(items.flatMap((item) => Object.keys(item)).filter((key) => !known.includes(key))).toEqual([])
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
    expect(items).toContainEqual({ kind: 'os', name: 'kernel', value: release, present: 1 })
    expect(fields['memory_bytes']).toBeGreaterThan(0)
    // Nothing was installed since, so the package manager is not asked again.
    const again = await inventoryByChild(host, inventory.packageStamp, signal)
    expect(again.numbers).not.toHaveProperty('updates')
    expect(again.facts.filter(({ kind }) => kind === updateKind)).toEqual([])
    expect(again.facts.length).toBeGreaterThan(3)
  },
)

test('a source that is closed ends the child with all that it started', async () => {
  const stopping = new AbortController()
  const inventory = inventoryByChild(host, '', stopping.signal)
  const children = (): string => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
  await vi.waitFor(() => expect(children()).not.toBe(''))
  stopping.abort()
  await expect(inventory).rejects.toThrow('the inventory was stopped')
  await vi.waitFor(() => expect(children()).toBe(''))
})

test('updates that the child left out because nothing changed are those of the inventory before', () => {
  const updates = { kind: updateKind, name: 'openssl', value: '3.0.2' }
  const first: Inventory = { facts: [updates], numbers: { updates: 9, security_updates: 1, cpu_cores: 2 }, packageStamp: 'a' }
  const second: Inventory = { facts: [{ kind: 'os', name: 'id', value: 'debian' }], numbers: { cpu_cores: 4 }, packageStamp: 'a' }
  expect(withUpdatesOf(first, second)).toEqual({
    facts: [...second.facts, updates],
    numbers: { updates: 9, security_updates: 1, cpu_cores: 4 },
    packageStamp: 'a',
  })
  const changed = { ...second, packageStamp: 'b', numbers: { updates: 0, security_updates: 0 } }
  expect(withUpdatesOf(first, changed)).toBe(changed)
})

test('no output of the child breaks its parent, and more facts than fit are left out', () => {
  const many = Array.from({ length: 1000 }, () => ({ kind: 'disk', name: 'sda', value: 'x' }))
  expect(parseInventory(`a warning\n${JSON.stringify({ facts: many, numbers: { a: 1, b: 'x' } })}\n`)).toMatchObject({ numbers: { a: 1 } })
  expect(parseInventory(JSON.stringify({ facts: many, numbers: {} }))?.facts).toHaveLength(maxFacts)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (output) => {
      const inventory = parseInventory(output)
      expect(inventory === undefined || Array.isArray(inventory.facts)).toBe(true)
    }),
  )
})
