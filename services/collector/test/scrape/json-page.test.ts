import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJson, parseJsonPath } from '../../src/scrape/json-path.ts'
import { PageBook } from './page-book.ts'

const usage = readFileSync(new URL('fixtures/usage.json', import.meta.url), 'utf8')

describe('a JSON page', () => {
  it('gives the values that are named, from lists and maps too, with labels from what stands beside them', () => {
    const { items, bad } = new PageBook().readJson(usage, {
      api_cost_usd: { path: 'usage.cost' },
      api_requests_total: { path: 'usage.requests', kind: 'counter' },
      model_cost_usd: { path: 'models[*].cost_usd', labels: { model: 'name' } },
      first_tokens: { path: 'models[0].tokens' },
      key_used_seconds: { path: 'keys[*].used_ms', scale: 0.001, labels: { key: '$key' } },
      key_active: { path: 'keys["team.b"].active' },
    })
    expect(items).toEqual([
      { metric: 'api_cost_usd', value: 12.75 },
      { metric: 'api_requests_total', value: 4200, rate_per_second: null },
      { metric: 'model_cost_usd', model: 'large', value: 9.1 },
      { metric: 'model_cost_usd', model: 'small', value: 3.65 },
      { metric: 'first_tokens', value: 91_000 },
      { metric: 'key_used_seconds', key: 'team-a', value: 1.5 },
      { metric: 'key_used_seconds', key: 'team.b', value: 0 },
      { metric: 'key_active', value: 0 },
    ])
    expect(bad.count).toBe(0)
  })

  it('has rates of what only grows', () => {
    const pages = new PageBook()
    const values = { n: { path: 'n', kind: 'counter' as const } }
    pages.readJson('{"n": 10}', values)
    expect(pages.readJson('{"n": 60}', values).items).toEqual([{ metric: 'n', value: 60, rate_per_second: 5 }])
  })

  it('says what is missing and what is no number; what is no number is null, for it is there', () => {
    const { items, bad } = new PageBook().readJson(usage, {
      a: { path: 'usage.none' },
      b: { path: 'usage.quota' },
      c: { path: 'models[*].none' },
    })
    expect(items).toEqual([{ metric: 'b', value: null }])
    expect(bad).toEqual({ count: 2, first: 'a: the document has no such path' })
  })

  it('that is none is refused', () => {
    expect(() => new PageBook().readJson('<html>', {})).toThrow(expect.objectContaining({ code: 'page_not_json' }))
  })
})

describe('a path', () => {
  it.each(['', 'a..b', 'a[', 'a[x]', 'a[-1]', '.', 'a.$key', 'a["b]'])('%j is refused with words', (text) => {
    expect(() => parseJsonPath(text)).toThrow(SyntaxError)
  })

  it('never finds what is not in the document itself', () => {
    expect(findJson({}, parseJsonPath('constructor.name'))).toEqual([])
    expect(findJson([1, 2], parseJsonPath('length'))).toEqual([{ value: 2, element: [1, 2], elementKey: '' }])
  })

  it('finds what a plain look finds, in any document', () => {
    fc.assert(
      fc.property(fc.json(), fc.array(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 4 }), (text, keys) => {
        const document: unknown = JSON.parse(text)
        let plain: unknown = document
        for (const key of keys)
          plain = typeof plain === 'object' && plain !== null && Object.hasOwn(plain, key) ? Reflect.get(plain, key) : undefined
        expect(findJson(document, parseJsonPath(keys.join('.')))[0]?.value).toEqual(plain)
      }),
    )
  })
})
