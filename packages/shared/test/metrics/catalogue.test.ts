import { describe, expect, test } from 'vitest'
import { findMetric, isOpenGroup, listMetrics, prometheusName } from '../../src/metrics/catalogue.ts'

/** Units that are no base units: `_bytes`, `_seconds`, `_ratio`, `_celsius`, `_hertz`, `_watts` are, and plain counts have none. */
const odd =
  /(?:_|^)(?:percent|pct|ms|millis|milliseconds|us|ns|minutes?|hours?|days?|kb|kib|mb|mib|gb|gib|kilobytes|megabytes|mhz|ghz|khz|fahrenheit|bits)(?:_|$)/

describe('the metric catalogue', () => {
  test('every metric is in base units, and says so in its name', () => {
    expect(listMetrics().flatMap(({ group, field }) => (odd.test(field) ? [`${group}.${field}`] : []))).toEqual([])
    expect(['cpu_percent', 'latency_ms', 'size_mb', 'bits'].filter((name) => !odd.test(name))).toEqual([])
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

  test('groups named after a job or a log source are open', () => {
    expect(['app_posture-api', 'log_nginx', 'cpu', 'app_', 'app_X'].map(isOpenGroup)).toEqual([true, true, false, false, false])
  })

  test('a job name with a dash still gives a valid Prometheus name', () => {
    expect(prometheusName('app_posture-api', 'fps')).toBe('nightshift_app_posture_api_fps')
  })
})
