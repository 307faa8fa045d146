import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findCounter, findPairs, findTable } from '../../src/procfs/named-counters.ts'

test('a number is found by its whole name, wherever it stands', () => {
  const text = 'pgfault 1\nxpgfault 2\npgfault_x 3\npgmajfault 4'
  expect(['pgfault', 'pgmajfault', 'pgfault_x', 'fault', 'nope'].map((name) => findCounter(text, name))).toEqual([
    1,
    4,
    3,
    undefined,
    undefined,
  ])
  expect(findCounter('a b\nc -1\n', 'c')).toBeUndefined()
  expect(findCounter('Udp6InErrors                    \t5\n', 'Udp6InErrors')).toBe(5)
})

test('a table is its line of names and the line of numbers behind it', () => {
  const text = 'Ip: A B\nIp: 1 2\nTcp: MaxConn B C\nTcp: -1 5 6\nTcpExt: D\n'
  expect(['MaxConn', 'B', 'C', 'D', 'Tcp:'].map((name) => findTable(text, 'Tcp')?.get(name))).toEqual([
    undefined,
    5,
    6,
    undefined,
    undefined,
  ])
  expect(findTable(text, 'TcpExt')).toBeUndefined()
  expect(findTable(text, 'Udp')).toBeUndefined()
})

test('pairs of a line are found by name', () => {
  expect([...(findPairs('sockets: used 9\nTCP: inuse 1 orphan x tw 3\n', 'TCP') ?? [])]).toEqual([
    ['inuse', 1],
    ['tw', 3],
  ])
  expect(findPairs('', 'TCP')).toBeUndefined()
})

test('whatever the text, what is found is a number and not below zero', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('a', 'b'), (noise, name) => {
      const text = `${noise}\n${name} ${noise}\n${name}: x\n${name}: ${noise}`
      const found = [findCounter(text, name), findTable(text, name)?.get(noise), ...(findPairs(text, name)?.values() ?? [])]
      expect(found.every((value) => value === undefined || (Number.isFinite(value) && value >= 0))).toBe(true)
    }),
  )
})
