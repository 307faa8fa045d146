import { expect, test } from 'vitest'
import { selfMetrics } from '../src/metrics.ts'

const checks = { size: 2, stats: { runs: 10, timeouts: 1, skips: 0 } }
const health = { failing: 1, published: 3, pending: 0, compacted: 0 }

test('every group tells what its looks cost, and what it left out only when it did', () => {
  const stats = { looks: 5, errors: 0, skips: 1, overBudget: 0, lastSeconds: 0.0002, overflow: 0, unreadable: 0 }
  const metrics = selfMetrics(
    [
      { group: 'cpu', stats },
      { group: 'fs', stats: { ...stats, overflow: 3, unreadable: 1 } },
    ],
    checks,
    health,
  )
  expect(metrics).toMatchObject({
    groups: 2,
    checks: 2,
    checks_failing: 1,
    check_timeouts_total: 1,
    cpu_looks_total: 5,
    cpu_look_seconds: 0.0002,
    cpu_skips_total: 1,
  })
  expect(metrics).not.toHaveProperty('cpu_overflow_items')
  expect(metrics).toMatchObject({ fs_overflow_items: 3, fs_unreadable_items: 1 })
})

test('every name is fit for Prometheus', () => {
  const stats = { looks: 0, errors: 0, skips: 0, overBudget: 0, lastSeconds: null, overflow: 1, unreadable: 1 }
  const names = Object.keys(selfMetrics([{ group: 'net', stats }], checks, health))
  expect(names.filter((name) => !/^[a-z][a-z0-9_]*$/.test(name))).toEqual([])
})
