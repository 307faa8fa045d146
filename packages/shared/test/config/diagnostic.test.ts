import { formatPath } from '@nightshift/shared/config/config-path'
import { formatDiagnostic, formatDiagnosticFrame, formatReport, type Diagnostic } from '@nightshift/shared/config/diagnostic'
import { parseYaml } from '@nightshift/shared/config/yaml-document'
import { diagnose } from '@nightshift/shared/config/config-document'
import { expect, test } from 'vitest'

const unknownKey: Diagnostic = {
  severity: 'error',
  file: 'config.yaml',
  line: 12,
  column: 7,
  path: 'collector.checks.web.evry',
  message: 'unknown key',
  hint: 'did you mean "every"?',
  excerpt: { text: '      evry: 10s', start: 6, end: 10 },
}

test('one line holds place, path, message and hint', () => {
  expect(formatDiagnostic(unknownKey)).toBe('config.yaml:12:7: collector.checks.web.evry: unknown key; did you mean "every"?')
  expect(formatDiagnostic({ ...unknownKey, severity: 'warning' })).toBe(
    'config.yaml:12:7: warning: collector.checks.web.evry: unknown key; did you mean "every"?',
  )
  expect(formatDiagnostic({ severity: 'error', file: 'config.yaml', path: '', message: 'the file is empty' })).toBe(
    'config.yaml: the file is empty',
  )
})

test('a frame shows the line with a caret', () => {
  expect(formatDiagnosticFrame(unknownKey, { color: false })).toBe(
    [
      'error: collector.checks.web.evry: unknown key',
      '  at config.yaml:12:7',
      '  12 |       evry: 10s',
      '     |       ^^^^',
      '  hint: did you mean "every"?',
    ].join('\n'),
  )
})

test('a frame in colour says the same', () => {
  const frame = formatDiagnosticFrame(unknownKey, { color: true })
  // oxlint would take the escape for a mistake in a literal.
  const plain = frame.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '')
  expect(plain).toBe(formatDiagnosticFrame(unknownKey, { color: false }))
  expect(frame).not.toBe(plain)
})

test('a report counts', () => {
  expect(formatReport([unknownKey, unknownKey, { ...unknownKey, severity: 'warning' }], { color: false })).toMatch(
    /\n\n2 errors, 1 warning$/,
  )
  expect(formatReport([unknownKey], { color: false })).toMatch(/\n\n1 error$/)
})

function caretLines(text: string, path: string[], on: 'key' | 'value'): string[] {
  const { document } = parseYaml('c.yaml', text)
  if (document === undefined) throw new Error('not parsed')
  return formatDiagnosticFrame(diagnose(document, { path, on, message: 'x' }), { color: false })
    .split('\n')
    .slice(2)
}

test('the caret stands under Korean letters, which are two columns wide', () => {
  expect(caretLines('서버: {이름: 가나}\n', ['서버', '이름'], 'value')).toEqual(['  1 | 서버: {이름: 가나}', '    |              ^^^^'])
})

test('the caret stands behind tabs', () => {
  expect(caretLines('a:\t{b: 1}\n', ['a', 'b'], 'value')).toEqual(['  1 | a:\t{b: 1}', '    |   \t    ^'])
})

test('a long line is cut around the place', () => {
  const long = `a: {${Array.from({ length: 40 }, (_, i) => `key${i}: ${i}`).join(', ')}}\n`
  const [line = '', caret = ''] = caretLines(long, ['a', 'key30'], 'value')
  expect(line.length).toBeLessThan(130)
  expect(line.slice(caret.indexOf('^'), caret.indexOf('^') + 2)).toBe('30')
})

test('secrets beside the place are hidden, and the caret does not move', () => {
  const [line = '', caret = ''] = caretLines('nats: {password: hunter2, url: "https://x/y", usr: a}\n', ['nats', 'usr'], 'key')
  expect(line).toBe('  1 | nats: {password: «hidden», url: «hidden», usr: a}')
  expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('usr')
})

test('a path reads as it is written in the file', () => {
  expect(formatPath(['collector', 'checks', 'web', 'every'])).toBe('collector.checks.web.every')
  expect(formatPath(['nats', 'servers', 1])).toBe('nats.servers[1]')
  expect(formatPath(['labels', 'a.b', '이름'])).toBe('labels["a.b"].이름')
  expect(formatPath(Array.from({ length: 200 }, () => 'deep')).length).toBeLessThan(210)
})
