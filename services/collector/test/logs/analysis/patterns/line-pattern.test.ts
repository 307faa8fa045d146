import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grokTable } from '../../../../src/logs/analysis/patterns/grok-table.ts'
import { compileLinePattern, compileSearchPattern } from '../../../../src/logs/analysis/patterns/line-pattern.ts'
import { findPatternRisk } from '../../../../src/logs/analysis/patterns/pattern-risk.ts'
import { PatternGuard } from '../../../../src/logs/analysis/patterns/pattern-guard.ts'

function groups(pattern: string, line: string): Record<string, string | undefined> | string | null {
  const compiled = compileLinePattern(pattern)
  return 'problem' in compiled ? compiled.problem : { ...compiled.regex.exec(line)?.groups }
}

test('entries of the table and own groups become fields', () => {
  expect(
    groups('%{IP:client} %{WORD:method} %{URIPATHPARAM:path} %{INT:bytes} %{NUMBER:duration}', '10.0.0.1 GET /a?b=1 1200 0.043'),
  ).toEqual({
    client: '10.0.0.1',
    method: 'GET',
    path: '/a?b=1',
    bytes: '1200',
    duration: '0.043',
  })
  expect(groups(String.raw`(?<level>\w+): 카메라 (?<camera>\d+) %{GREEDYDATA:message}`, 'ERROR: 카메라 7 연결 끊김')).toEqual({
    level: 'ERROR',
    camera: '7',
    message: '연결 끊김',
  })
})

test('a pattern is refused with what is wrong and where', () => {
  expect(groups('%{IPX:client}', '')).toContain('knows no %{IPX:client}; did you mean %{IP}?')
  expect(groups('(?<a>', '')).toContain('is no regular expression')
  expect(groups('plain text', '')).toContain('names no field')
  expect(groups('(?<a>(x+)+)y', '')).toContain('a repeat within a repeat at character')
})

test.each([
  [String.raw`(a+)+b`, 'a repeat within a repeat'],
  [String.raw`(?:\w+\s?)*x`, 'a repeat within a repeat'],
  [String.raw`((?:a{2,})b?)*`, 'a repeat within a repeat'],
  [String.raw`(?:a?)*b`, 'a repeat within a repeat'],
  [String.raw`(?:a{0,9})+b`, 'a repeat within a repeat'],
  [String.raw`(?:a?){30}a{30}`, 'a repeat within a repeat'],
  [`${'a?'.repeat(30)}${'a'.repeat(30)}`, 'too many repeats that can match the same text'],
  [String.raw`(a|aa)+b`, 'alternatives within a repeat'],
  [String.raw`(?<q>"|').*\k<q>`, 'a back reference'],
  [String.raw`(.).*\1`, 'a back reference'],
  [String.raw`.*x.*y.*z`, 'too many repeats that can match the same text'],
  [String.raw`\s*\w*\d*\w*x`, 'too many repeats that can match the same text'],
  [String.raw`\d+\d+\d+x`, 'too many repeats that can match the same text'],
])('%s is refused: %s', (source, reason) => {
  expect(findPatternRisk(source)?.reason).toBe(reason)
})

test.each([
  String.raw`^(\S+) (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+)$`,
  String.raw`(?<time>.*?) - (?<level>\w+) - (?<message>.*)`,
  String.raw`\[[^\]]*\] (?:a|b|c) (?:x\d+)? .*`,
  String.raw`[A-Z]{3} \d{1,3}(?:\.\d{1,3}){3} .*`,
  String.raw`a\(b\+\)+ [)(]+ .*`,
])('%s is allowed', (source) => {
  expect(findPatternRisk(source)).toBeUndefined()
})

test.each(Object.entries(grokTable))('%s of the table is allowed, alone and between blanks', (name, source) => {
  expect(findPatternRisk(source)).toBeUndefined()
  expect(compileLinePattern(`%{${name}:a} %{INT:b} %{GREEDYDATA:c}`)).toHaveProperty('regex')
})

test('no pattern that is allowed takes long, on lines made of what it matches', () => {
  const atom = fc.constantFrom('a', '.', String.raw`\w`, String.raw`\s`, String.raw`\d`, '[ab]', '[^b]', 'b', ' ')
  const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2,}', '*?', '{0,9}')).map(([one, quantifier]) => one + quantifier)
  const group = fc
    .tuple(fc.array(piece, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '?', '*', '+', '{3}'))
    .map(([pieces, quantifier]) => `(?:${pieces.join('')})${quantifier}`)
  const pattern = fc.array(fc.oneof(piece, group), { minLength: 1, maxLength: 6 }).map((pieces) => `${pieces.join('')}!`)
  let allowed = 0
  fc.assert(
    fc.property(pattern, fc.constantFrom('a', 'b', ' ', 'ab', 'a ', '1'), (source, unit) => {
      const compiled = compileSearchPattern(source)
      if ('problem' in compiled) return
      allowed++
      const startedMs = performance.now()
      new RegExp(`^(?:${source})`).exec(unit.repeat(Math.floor(1024 / unit.length)))
      expect(performance.now() - startedMs).toBeLessThan(500)
    }),
    { numRuns: 500 },
  )
  expect(allowed).toBeGreaterThan(100)
})

test('a pattern that was slow three times is not tried any more', () => {
  const guard = new PatternGuard()
  let tries = 0
  const slow = /(?<a>x)/
  Object.defineProperty(slow, 'exec', { value: () => (busy(), (tries += 1), null) })
  for (let line = 0; line < 6; line++) guard.match(slow, 'x')
  expect(tries).toBe(3)
})

function busy(): void {
  const endMs = performance.now() + 25
  while (performance.now() < endMs);
}
