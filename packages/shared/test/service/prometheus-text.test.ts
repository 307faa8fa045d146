import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { ErrorCounts } from '../../src/service/error-counts.ts'
import { openProcessStats } from '../../src/service/process-stats.ts'
import { prometheusText, type MetricFamily } from '../../src/service/prometheus-text.ts'
import { selfFamilies } from '../../src/service/self-metrics.ts'
import { parsePrometheus } from './parse-prometheus.ts'

const gauge = (name: string, samples: MetricFamily['samples']): MetricFamily => ({ name, help: 'h', type: 'gauge', samples })

describe('prometheus text', () => {
  it('has HELP and TYPE before the samples of a family', () => {
    const text = prometheusText([
      { name: 'jobs_total', help: 'Jobs that ran', type: 'counter', samples: [{ labels: { host: 'web-1' }, value: 3 }] },
    ])
    expect(text).toBe('# HELP jobs_total Jobs that ran\n# TYPE jobs_total counter\njobs_total{host="web-1"} 3\n')
  })

  it('leaves out what is unreadable, and families without anything readable', () => {
    expect(prometheusText([gauge('a', [{ labels: {}, value: null }]), gauge('b', [{ labels: {}, value: 0 }])])).toBe(
      '# HELP b h\n# TYPE b gauge\nb 0\n',
    )
  })

  it('can be read back, whatever the labels, names and numbers are', () => {
    const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity))
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), value, (name, help, label, number) => {
        const text = prometheusText([{ name, help, type: 'gauge', samples: [{ labels: { label, other: 'x' }, value: number }] }])
        const [family, ...more] = parsePrometheus(text)
        expect(more).toEqual([])
        expect(family?.help).toBe(help)
        expect(family?.samples).toEqual([{ labels: { label, other: 'x' }, value: Object.is(number, -0) ? 0 : number }])
      }),
    )
  })

  it('says what a service costs, what runs, and its errors by code', () => {
    const errors = new ErrorCounts()
    errors.count(new ConfigError('bad_value', 'x'))
    const stats = openProcessStats()
    try {
      const families = parsePrometheus(
        prometheusText(
          selfFamilies({ service: 'alerter', host: 'web-1', version: '1.2.3' }, { ...stats.read(), open_alerts: 2, told_total: 7 }, errors),
        ),
      )
      const byName = new Map(families.map((family) => [family.name, family]))
      expect(byName.get('nightshift_alerter_build_info')?.samples[0]?.labels).toEqual({
        host: 'web-1',
        version: '1.2.3',
        node_version: process.versions.node,
      })
      expect(byName.get('nightshift_alerter_errors_total')?.samples).toEqual([{ labels: { host: 'web-1', code: 'bad_value' }, value: 1 }])
      expect(byName.get('nightshift_alerter_open_alerts')).toMatchObject({
        type: 'gauge',
        samples: [{ labels: { host: 'web-1' }, value: 2 }],
      })
      expect(byName.get('nightshift_alerter_told_total')?.type).toBe('counter')
      expect(byName.get('nightshift_alerter_rss_bytes')?.samples[0]?.value).toBeGreaterThan(1_000_000)
      expect(byName.get('nightshift_alerter_cpu_seconds_total')?.samples[0]?.value).toBeGreaterThan(0)
      expect(families.every((family) => family.help !== '')).toBe(true)
    } finally {
      stats.close()
    }
  })
})

describe('error counts', () => {
  it('are bounded, however many codes there are', () => {
    const errors = new ErrorCounts()
    for (let nth = 0; nth < 1000; nth++) errors.count({ code: `code_${nth}` })
    expect(errors.byCode().length).toBeLessThanOrEqual(65)
    expect(errors.total).toBe(1000)
  })
})
