import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseStatLine } from '../../src/procfs/process-stat.ts'

const parse = (text: string) => {
  const bytes = Buffer.from(text)
  return parseStatLine(bytes, bytes.length)
}

test('a line gives name, state, time, threads, start and memory', () => {
  const line =
    '1 (process_api) S 0 0 0 0 -1 4194560 246387 277112103 0 24129 948 4876 899706 314294 20 0 13 0 24 53706752 5158 18446744073709551615 1 1 0\n'
  expect(parse(line)).toEqual({
    name: 'process_api',
    state: 'S',
    cpuTicks: 5824,
    threads: 13,
    startTicks: 24,
    rssPages: 5158,
    isKernel: false,
  })
})

test('a thread of the kernel is told apart by its flag', () => {
  expect(parse('2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 1 0 0 20 0 1 0 24 0 0 18446744073709551615')?.isKernel).toBe(true)
})

test('the name may hold parentheses, spaces and letters of any language', () => {
  const rest = 'R 1 1 1 0 -1 4194560 0 0 0 0 1 2 0 0 20 0 3 0 99 0 7 0'
  for (const name of [') R 1 1', '(sd-pam)', 'a b', 'émile', '']) {
    expect(parse(`42 (${name}) ${rest}`)).toMatchObject({ name, state: 'R', cpuTicks: 3, threads: 3, startTicks: 99, rssPages: 7 })
  }
})

test('what lies behind the line in the buffer does not count, and a line that was cut off is none', () => {
  const whole = Buffer.from('1 (a) S 0 0 0 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 5 0 6 0 99999')
  expect(parseStatLine(whole, 20)).toBeUndefined()
  expect(parseStatLine(Buffer.from('garbage'), 7)).toBeUndefined()
  expect(parseStatLine(whole, whole.length)).toMatchObject({ rssPages: 6 })
})

test('any bytes are a process or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (noise, name) => {
      const bytes = Buffer.concat([Buffer.from(`1 (${name}) `), noise])
      const stat = parseStatLine(bytes, bytes.length)
      expect(stat === undefined || (stat.threads >= 0 && stat.cpuTicks >= 0 && stat.rssPages >= 0)).toBe(true)
    }),
  )
})
