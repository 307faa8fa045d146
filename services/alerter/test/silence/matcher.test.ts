import { describe, expect, it } from 'vitest'
import { formatMatcher, matcherSchema, matches, parseMatcher, type Matched } from '../../src/silence/matcher.ts'

const alert: Matched = { host: 'db-1', rule: 'disk-full', severity: 'critical', fingerprint: 'f00d', labels: { mount: '/data' } }

describe('a matcher', () => {
  it.each([
    ['host=db-*', true],
    ['host!=db-*', false],
    ['host=~"db-[0-9]+|web-1"', true],
    ['host=~db', false],
    ['mount!~/tmp|/var.*', true],
    ['nothing=~.*', true],
    ['nothing=~.+', false],
    ['alertname=disk-full', true],
    ['alert=f00d', true],
  ])('%s is read and written the same, and matches the whole value: %s', (text, expected) => {
    const matcher = parseMatcher(text)
    if (matcher === undefined) throw new Error('not a matcher')
    expect(formatMatcher(matcher)).toBe(text.replaceAll('"', ''))
    expect(matches(matcher, alert)).toBe(expected)
  })

  it.each(['host', '=db', 'host=~(', 'host=~(?=a)', 'a b=c'])('%s is none', (text) => expect(parseMatcher(text)).toBeUndefined())

  it('says what is wrong with an expression', () => {
    const { error } = matcherSchema.safeParse({ name: 'host', op: '=~', value: 'db-(1' })
    expect(error?.issues[0]?.message).toBe('is no regular expression: a ( is not closed')
  })

  it('takes no time with an expression that others take for ever over', () => {
    const matcher = parseMatcher('mount=~(a|a)*(a*)*b')
    const startedMs = performance.now()
    expect(matcher && matches(matcher, { ...alert, labels: { mount: 'a'.repeat(1000) } })).toBe(false)
    expect(performance.now() - startedMs).toBeLessThan(500)
  })
})
