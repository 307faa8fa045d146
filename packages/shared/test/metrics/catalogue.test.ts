import { describe, expect, test } from 'vitest'
import { catalogue, findMetric, isOpenGroup, listMetrics, prometheusName } from '../../src/metrics/catalogue.ts'
import type { Group } from '../../src/metrics/field.ts'

const units = ['_ratio', '_bytes', '_seconds', '_celsius', '_total', '_per_second']
const unitless = ['cores', 'load1', 'load5', 'load15', 'load1_per_core', 'readonly', 'stale']

describe('the metric catalogue', () => {
  test('every metric ends in its unit, or is a plain count that is listed here', () => {
    const odd = listMetrics().filter(({ field }) => !units.some((unit) => field.endsWith(unit)) && !unitless.includes(field))
    expect(odd.map(({ group, field }) => `${group}.${field}`)).toEqual([])
  })

  test('a counter ends in _total, and nothing else does', () => {
    expect(listMetrics().filter(({ kind, field }) => (kind === 'counter') !== field.endsWith('_total'))).toEqual([])
  })

  test('names in Prometheus are valid and unique', () => {
    const names = listMetrics().map((metric) => metric.prometheusName)
    expect(names.filter((name) => !/^[a-z_][a-z0-9_]*$/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  test('a rule finds a metric by group and field', () => {
    expect(findMetric('fs.used_ratio')).toMatchObject({
      group: 'fs',
      labels: ['mount', 'device', 'fstype'],
      prometheusName: 'nightshift_fs_used_ratio',
    })
    expect(findMetric('fs.usedratio')).toBeUndefined()
  })

  test('a reserved group has no metrics, so no rule can wait for one for ever', () => {
    const reserved = Object.entries(catalogue as Record<string, Group>).filter(([, group]) => group.status === 'reserved')
    expect(reserved.flatMap(([name]) => listMetrics().filter(({ group }) => group === name))).toEqual([])
  })

  test('groups named after a job or a log source are open', () => {
    expect(['app_posture-api', 'log_nginx', 'cpu', 'app_', 'app_X'].map(isOpenGroup)).toEqual([true, true, false, false, false])
  })

  test('a job name with a dash still gives a valid Prometheus name', () => {
    expect(prometheusName('app_posture-api', 'fps')).toBe('nightshift_app_posture_api_fps')
  })
})
