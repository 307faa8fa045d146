import { describe, expect, test } from 'vitest'
import { parseCpuSeconds, parseMemory } from '../src/process-cost.ts'

// Hand-written after proc_pid_stat(5): 52 fields, utime 150, stime 50, cutime 20, cstime 5.
const stat = `4242 (node) S 1 4242 4242 0 -1 4194304 900 30 2 0 150 50 20 5 20 0 7 0 1234 ${'0 '.repeat(29)}0`

describe('the processor time of a process', () => {
  test('is user and system time, its own and that of its ended children', () => {
    expect(parseCpuSeconds(stat)).toBe(2.25)
  })

  test('is found behind a name that holds blanks and parentheses', () => {
    expect(parseCpuSeconds(stat.replace('(node)', '(a) S 9 9 (b c) d)'))).toBe(2.25)
  })

  test('is refused when the line is another', () => {
    expect(() => parseCpuSeconds('4242 (node) S 1 2 3')).toThrow('/proc/PID/stat')
  })
})

describe('the memory of a process', () => {
  test('is told in bytes, and its anonymous part apart', () => {
    const rollup =
      '00400000-7ffd ---p 00000000 00:00 0 [rollup]\nRss:               57344 kB\nPss:    40000 kB\nAnonymous:         15360 kB\nAnonHugePages:         8 kB\n'
    expect(parseMemory(rollup)).toEqual({ rssBytes: 57_344 * 1024, anonymousBytes: 15_360 * 1024 })
  })

  test('is refused when the kernel does not tell it', () => {
    expect(() => parseMemory('Rss: 12 kB\n')).toThrow('no Anonymous')
  })
})
