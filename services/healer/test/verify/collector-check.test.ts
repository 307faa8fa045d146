import { describe, expect, test } from 'vitest'
import type { VerifyPlan } from '../../src/playbook/playbook.ts'
import type { Answer } from '../../src/verify/answer.ts'
import { precheck, verify, type AskCheck } from '../../src/verify/collector-check.ts'

const plan: VerifyPlan = { passes: 3, withinMs: 300, everyMs: 10 }
const never = new AbortController().signal
type Word = 'healthy' | 'failing' | 'unknown'

/** Answers in this order; the last one for ever. */
function says(...words: Word[]): { ask: AskCheck; asked: () => number } {
  let count = 0
  const ask: AskCheck = async () => {
    const kind = words[Math.min(count++, words.length - 1)] ?? 'unknown'
    return { kind, reason: `it is ${kind}` }
  }
  return { ask, asked: () => count }
}

async function kindOf(answer: Promise<Answer>): Promise<Word> {
  return (await answer).kind
}

describe('a verification', () => {
  test('passes when the check passes often enough in a row', async () => {
    const { ask, asked } = says('failing', 'healthy', 'healthy', 'failing', 'healthy', 'healthy', 'healthy')
    expect(await kindOf(verify(ask, 'web', plan, never))).toBe('healthy')
    expect(asked()).toBe(7)
  })
  test('fails when the check keeps failing, with what it said', async () => {
    expect(await verify(says('failing').ask, 'web', plan, never)).toEqual({
      kind: 'failing',
      reason: 'not healthy within 300ms: it is failing',
    })
  })
  test('fails when the check flaps', async () => {
    let count = 0
    const ask: AskCheck = async () => ({ kind: count++ % 3 === 2 ? 'failing' : 'healthy', reason: 'it flaps' })
    expect(await kindOf(verify(ask, 'web', plan, never))).toBe('failing')
  })
  test('silence is no recovery', async () => {
    expect(await kindOf(verify(says('unknown').ask, 'web', plan, never))).toBe('unknown')
  })
  test('a check that fails and then falls silent has failed', async () => {
    expect(await kindOf(verify(says('failing', 'unknown').ask, 'web', plan, never))).toBe('failing')
  })
  test('ends when the healer stops', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 30)
    await expect(verify(says('failing').ask, 'web', { ...plan, withinMs: 60_000 }, stop.signal)).rejects.toThrow(/abort/i)
  })
})

describe('a look before acting', () => {
  test('finds a failing check failing at the first answer', async () => {
    const { ask, asked } = says('failing', 'healthy')
    expect(await kindOf(precheck(ask, 'web', plan, never))).toBe('failing')
    expect(asked()).toBe(1)
  })
  test('believes in health only when it is confirmed', async () => {
    expect(await kindOf(precheck(says('healthy').ask, 'web', plan, never))).toBe('healthy')
    expect(await kindOf(precheck(says('healthy', 'healthy', 'failing').ask, 'web', plan, never))).toBe('failing')
  })
  test('knows nothing when nobody answers', async () => {
    expect(await kindOf(precheck(says('unknown').ask, 'web', plan, never))).toBe('unknown')
  })
})
