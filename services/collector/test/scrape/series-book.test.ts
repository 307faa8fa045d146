import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PageBook } from './page-book.ts'

const counter = (value: number, name = 'requests_total'): string => `# TYPE ${name} counter\n${name} ${value}\n`

describe('a counter', () => {
  it('has a rate from the second page on', async () => {
    const pages = new PageBook()
    expect((await pages.read(counter(100))).items).toEqual([{ metric: 'requests_total', value: 100, rate_per_second: null }])
    expect((await pages.read(counter(150))).items).toEqual([{ metric: 'requests_total', value: 150, rate_per_second: 5 }])
  })

  it('that began anew grew by what it shows', async () => {
    const pages = new PageBook()
    await pages.read(counter(100))
    expect((await pages.read(counter(30))).items).toMatchObject([{ value: 30, rate_per_second: 3 }])
  })

  it('that says it began since the last page grew by what it shows, also when that is more than before, and when it is new', async () => {
    const page = (value: number, createdSeconds: number): string =>
      `# TYPE a counter\na_total ${value}\na_created ${createdSeconds}\n# TYPE other gauge\nother 1\n${createdSeconds > 1.7e9 ? `# TYPE b counter\nb_total 40\nb_created ${createdSeconds}\n` : ''}# EOF\n`
    const pages = new PageBook({ isOpenMetrics: true })
    await pages.read(page(100, 1_600_000_000))
    expect((await pages.read(page(120, 1_700_000_004))).items).toEqual([
      { metric: 'a_total', value: 120, rate_per_second: 12 },
      { metric: 'other', value: 1 },
      { metric: 'b_total', value: 40, rate_per_second: 4 },
    ])
    expect((await pages.read(page(130, 1_700_000_004))).items).toMatchObject([{ rate_per_second: 1 }, {}, { rate_per_second: 0 }])
  })

  it('keeps its rate to itself when rates are off', async () => {
    expect((await new PageBook({ rates: false }).read(counter(1))).items).toEqual([{ metric: 'requests_total', value: 1 }])
  })

  it('is known by its name where the page gives no types', async () => {
    const { items } = await new PageBook().read('jobs_total 3\njobs 3\n')
    expect(items).toEqual([
      { metric: 'jobs_total', value: 3, rate_per_second: null },
      { metric: 'jobs', value: 3 },
    ])
  })

  it('starts anew when its type changes, rather than mixing two meanings', async () => {
    const pages = new PageBook()
    await pages.read(counter(100, 'x'))
    expect((await pages.read('# TYPE x gauge\nx 5\n')).items).toEqual([{ metric: 'x', value: 5 }])
  })
})

describe('a histogram', () => {
  const page = (low: number, middle: number, all: number, sum: number): string =>
    `# TYPE t histogram\nt_bucket{le="0.1"} ${low}\nt_bucket{le="0.5"} ${middle}\nt_bucket{le="+Inf"} ${all}\nt_sum ${sum}\nt_count ${all}\n`

  it('is one item with the quantiles and the mean of what was observed since the last page', async () => {
    const pages = new PageBook({ quantiles: [0.5, 0.9, 0.99] })
    expect((await pages.read(page(1000, 1000, 1000, 1))).items).toEqual([
      { metric: 't', count_total: 1000, sum_total: 1, mean: null, rate_per_second: null, p50: null, p90: null, p99: null },
    ])
    // 100 observations: 50 up to 0.1, 40 up to 0.5, 10 above.
    expect((await pages.read(page(1050, 1090, 1100, 31))).items).toEqual([
      { metric: 't', count_total: 1100, sum_total: 31, mean: 0.3, rate_per_second: 10, p50: 0.1, p90: 0.5, p99: 0.5 },
    ])
  })

  it('without new observations has no mean and no quantiles, which is not a mean of 0', async () => {
    const pages = new PageBook()
    await pages.read(page(1, 2, 3, 1))
    expect((await pages.read(page(1, 2, 3, 1))).items).toMatchObject([{ mean: null, p50: null, p95: null, rate_per_second: 0 }])
  })

  it('that began anew shows what was observed since then', async () => {
    const pages = new PageBook()
    await pages.read(page(100, 200, 300, 50))
    expect((await pages.read(page(10, 20, 20, 4))).items).toMatchObject([{ mean: 0.2, p50: 0.1, rate_per_second: 2 }])
  })

  it('of negative observations has a mean below 0', async () => {
    const pages = new PageBook()
    await pages.read('# TYPE t summary\nt_sum -10\nt_count 5\n')
    expect((await pages.read('# TYPE t summary\nt_sum -30\nt_count 15\n')).items).toMatchObject([{ mean: -2 }])
  })

  it('with more buckets than there is room for has no quantiles rather than wrong ones', async () => {
    const buckets = Array.from({ length: 40 }, (_, index) => `t_bucket{le="${index}"} ${index}\n`).join('')
    const pages = new PageBook({ maxSeries: 1 })
    const wide = `# TYPE t histogram\nt_count 40\nt_sum 9\n${buckets}t_bucket{le="+Inf"} 40\n`
    expect(await pages.read(wide)).toMatchObject({ dropped: 23, items: [{ count_total: 40, p50: null }] })
    expect((await pages.read(wide.replaceAll(/ (\d+)\n/g, (_, n: string) => ` ${Number(n) * 2}\n`))).items).toMatchObject([
      { p50: null, rate_per_second: 4 },
    ])
  })

  it('of gauges has the quantiles of what it holds now', async () => {
    const { items } = await new PageBook({ isOpenMetrics: true }).read(
      '# TYPE b gaugehistogram\nb_bucket{le="10"} 5\nb_bucket{le="+Inf"} 5\nb_gcount 5\nb_gsum 20\n# EOF\n',
    )
    expect(items).toEqual([{ metric: 'b', value: 5, p50: 5, p95: 9.5 }])
  })
})

describe('labels', () => {
  it('that have the name of a number of ours are exported ones', async () => {
    const { items } = await new PageBook({ instance: 'one:80' }).read('a{value="x",metric="y",p95="z",instance="own",b=""} 1\n')
    expect(items).toEqual([
      { metric: 'a', exported_value: 'x', exported_metric: 'y', exported_p95: 'z', exported_instance: 'own', instance: 'one:80', value: 1 },
    ])
  })

  it('that are not kept let series fall together: they are added up, each with its own growth', async () => {
    const page = (a: number, b: number | null): string =>
      `# TYPE r counter\nr{path="/a",code="200"} ${a}\n${b === null ? '' : `r{path="/b",code="200"} ${b}\n`}`
    const pages = new PageBook({ labels: ['code'] })
    expect((await pages.read(page(100, 1000))).items).toEqual([{ metric: 'r', code: '200', value: 1100, rate_per_second: null }])
    expect((await pages.read(page(110, 1020))).items).toEqual([{ metric: 'r', code: '200', value: 1130, rate_per_second: 3 }])
    expect((await pages.read(page(120, null))).items).toEqual([{ metric: 'r', code: '200', value: 120, rate_per_second: 1 }])
  })

  it('let one label of a histogram go and its quantiles are those of all together', async () => {
    const page = (n: number): string =>
      `# TYPE t histogram\n${['x', 'y'].map((path) => `t_bucket{path="${path}",le="1"} ${n}\nt_bucket{path="${path}",le="+Inf"} ${n}\nt_sum{path="${path}"} ${n / 2}\nt_count{path="${path}"} ${n}\n`).join('')}`
    const pages = new PageBook({ labels: [], quantiles: [0.5] })
    await pages.read(page(10))
    expect((await pages.read(page(30))).items).toEqual([
      { metric: 't', count_total: 60, sum_total: 30, mean: 0.5, rate_per_second: 4, p50: 0.5 },
    ])
  })

  it('cannot reach the prototype of anything', async () => {
    const { items } = await new PageBook().read('a{__proto__="x",constructor="y"} 1\nconstructor 2\n')
    expect(items).toEqual<unknown>([
      { metric: 'a', constructor: 'y', value: 1 },
      { metric: 'constructor', value: 2 },
    ])
    expect(Object.getPrototypeOf(items[0])).toBe(Object.prototype)
  })
})

describe('which series are read', () => {
  it('is said by names with *, of the histogram or of its samples', async () => {
    const page = '# TYPE t histogram\nt_bucket{le="+Inf"} 1\nt_sum 1\nt_count 1\ngo_threads 5\nhttp_a 1\nhttp_b 2\n'
    const names = async (allow: string[] | undefined, deny: string[] = []): Promise<unknown[]> =>
      (await new PageBook({ allow, deny }).read(page)).items.map(({ metric }) => metric)
    expect(await names(['t', 'http_*'], ['*_b'])).toEqual(['t', 'http_a'])
    expect(await names(['t_bucket'])).toEqual(['t'])
    expect(await names(undefined, ['go_*', 't'])).toEqual(['http_a', 'http_b'])
  })

  it('is bounded: those that are known stay, the others are counted', async () => {
    const page = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, index) => `g{n="${from + index}"} 1\n`).join('')
    const pages = new PageBook({ maxSeries: 100 })
    expect(await pages.read(page(0, 150))).toMatchObject({ series: 100, dropped: 50 })
    const shifted = await pages.read(page(50, 200))
    expect(shifted).toMatchObject({ series: 50, dropped: 100 })
    expect(shifted.items[0]).toMatchObject({ n: '50' })
    expect(await pages.read(page(50, 200))).toMatchObject({ series: 100, dropped: 50 })
  })
})

describe('a ratio', () => {
  const ratios = {
    error_rate: { numerator: { metric: 'r', match: { code: ['5*'] } }, denominator: { metric: 'r', match: { path: ['!/health'] } } },
  }
  const page = (ok: number, bad: number | null): string =>
    `# TYPE r counter\nr{code="200",path="/a"} ${ok}\nr{code="200",path="/health"} ${ok * 9}\n${bad === null ? '' : `r{code="503",path="/a"} ${bad}\n`}`

  it('is growth by growth; errors that never occurred are none', async () => {
    const pages = new PageBook({ ratios })
    const rateOf = async (text: string): Promise<unknown> => (await pages.read(text)).items.find(({ metric }) => metric === 'error_rate')
    expect(await rateOf(page(100, null))).toEqual({ metric: 'error_rate', value: null })
    expect(await rateOf(page(200, null))).toEqual({ metric: 'error_rate', value: 0 })
    await rateOf(page(200, 10))
    expect(await rateOf(page(290, 20))).toEqual({ metric: 'error_rate', value: 0.1 })
    expect(await rateOf(page(290, 20))).toEqual({ metric: 'error_rate', value: null })
  })

  it('of two gauges is value by value, and has the instance of its target', async () => {
    const pages = new PageBook({
      instance: 'a:1',
      ratios: { used: { numerator: { metric: 'u', match: {} }, denominator: { metric: 'l', match: {} } } },
    })
    expect((await pages.read('u 30\nl 40\n')).items.at(-1)).toEqual({ metric: 'used', instance: 'a:1', value: 0.75 })
  })
})

describe('a page', () => {
  it('that is broken in places counts for the rest, and the first bad line is named', async () => {
    const { items, bad } = await new PageBook().read('a 1\nwhat is this\nb{x=} 2\nc 3\na 4\n# TYPE d wibble\n')
    expect(items).toEqual([
      { metric: 'a', value: 1 },
      { metric: 'c', value: 3 },
    ])
    expect(bad).toEqual({ count: 4, first: 'line 2: "is" is not a number: "what is this"' })
  })

  it('that breaks off changes nothing: rates go on from the last whole one', async () => {
    const pages = new PageBook({ isOpenMetrics: true })
    await pages.read('# TYPE a counter\na_total 100\n# EOF\n')
    pages.book.beginPage()
    pages.book.add('a_total', 130)
    pages.book.add('new', 1)
    pages.book.abandonPage()
    expect((await pages.read('# TYPE a counter\na_total 150\n# EOF\n')).items).toEqual([
      { metric: 'a_total', value: 150, rate_per_second: 5 },
    ])
    await expect(pages.read('a_total 160\n')).rejects.toMatchObject({ code: 'page_cut' })
  })

  it('gives the same items however its bytes arrive', async () => {
    const name = fc.stringMatching(/^[a-z]{1,3}(_total)?$/)
    const line = fc.tuple(name, fc.dictionary(fc.stringMatching(/^[a-z]$/), fc.string({ maxLength: 5 }), { maxKeys: 2 }), fc.double())
    const text = fc.array(line, { maxLength: 30 }).map((lines) =>
      lines
        .map(
          ([metric, labels, value]) =>
            `${metric}{${Object.entries(labels)
              .map(([key, each]) => `${key}=${JSON.stringify(each)}`)
              .join()}} ${value}\n`,
        )
        .join(''),
    )
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (page, size) => {
        expect(await new PageBook().read(page, size)).toEqual(await new PageBook().read(page))
      }),
    )
  })

  it('of any bytes at all is read to its end, and what it gives can be sent', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom('a_total 1\n', '# TYPE a histogram\n', 'a_bucket{le="1"} ', '{', '"', '\\', '\n', 'a{le="x"} NaN\n', '1e999\n')
        .map((text) => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 64 }), async (pieces, size) => {
        const pages = new PageBook()
        for (let time = 0; time < 2; time++) {
          const { items } = await pages.read(Buffer.concat(pieces), size)
          for (const value of items.flatMap((item) => Object.values(item)))
            expect(typeof value === 'string' || value === null || Number.isFinite(value)).toBe(true)
        }
      }),
    )
  })
})
