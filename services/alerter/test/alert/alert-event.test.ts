import { describe, expect, it } from 'vitest'
import { alertEventSchema } from '@nightshift/shared/events/alert'
import { alertEventOf } from '../../src/alert/alert-event.ts'
import { fingerprintOf } from '../../src/alert/fingerprint.ts'
import type { Life, Transition } from '../../src/alert/life.ts'
import { quantityText } from '../../src/alert/quantity-text.ts'
import { compileRules } from '../../src/rules/compile.ts'
import { ruleSchema } from '../../src/rules/rule-config.ts'

const at = Date.parse('2026-11-21T03:00:00.000Z')
const life = (change: Partial<Life> = {}): Life => ({
  phase: 'firing',
  epoch: '01JD0000000000000000000004',
  epoch_ms: at,
  announced: true,
  severity: 'warning',
  levels: {},
  failures: 1,
  updates: 0,
  started_ms: at,
  changed_ms: at + 1500,
  correlation_id: 'c',
  value: 0.934,
  detail: null,
  ...change,
})
const transition = (change: Partial<Transition> = {}): Transition => {
  const firing: Transition = { phase: 'firing', severity: 'warning', reason: null, at, trigger: 'event-1' }
  return { ...firing, ...change }
}

function summary(
  config: unknown,
  labels: Record<string, string>,
  change: { life?: Partial<Life>; transition?: Partial<Transition> } = {},
): string {
  const rule = compileRules({ rules: { r: ruleSchema.parse(config) }, default_rules: false }).find('r')
  const series = { fingerprint: fingerprintOf('r', 'web-1', labels), rule: 'r', watch: rule?.watch ?? '', host: 'web-1', labels }
  const event = alertEventOf('alerter@hub', series, rule, life(change.life), transition(change.transition))
  expect(alertEventSchema.safeParse(event).error).toBeUndefined()
  return event.summary
}

describe('an alert event', () => {
  const cpu = { metric: 'cpu.usage_ratio', above: { warning: '85%', critical: '95%' }, for: '5m' }
  const fs = { metric: 'fs.available_bytes', below: '10GiB', summary: 'Order a disk' }
  const labels = { mount: '/data', device: 'sdb1', fstype: 'ext4' }

  it.each([
    ['firing', summary(cpu, {}), 'cpu.usage_ratio on web-1 is 93.4%, above 85% for 5m'],
    [
      'critical',
      summary(cpu, {}, { transition: { phase: 'updated', severity: 'critical' } }),
      'cpu.usage_ratio on web-1 is 93.4%, above 95% for 5m',
    ],
    ['pending', summary(cpu, {}, { transition: { phase: 'pending' } }), 'cpu.usage_ratio on web-1 is 93.4%, above 85%'],
    [
      'resolved',
      summary(cpu, {}, { life: { value: 0.2 }, transition: { phase: 'resolved', reason: 'recovered' } }),
      'cpu.usage_ratio on web-1 is 20%',
    ],
    [
      'gone',
      summary(fs, labels, { transition: { phase: 'resolved', reason: 'gone' } }),
      'Order a disk: fs.available_bytes of /data on web-1 is gone',
    ],
    [
      'labels and words of its own',
      summary(fs, labels, { life: { value: 9.5 * 2 ** 30 } }),
      'Order a disk: fs.available_bytes of /data on web-1 is 9.5 GiB, below 10 GiB',
    ],
    [
      'a check',
      summary({ check: 'web' }, { check: 'web' }, { life: { value: null, detail: 'connection\nrefused' } }),
      'web on web-1 is failing: connection refused',
    ],
    [
      'a check that is ok',
      summary({ check: 'web' }, { check: 'web' }, { transition: { phase: 'resolved', reason: 'recovered' } }),
      'web on web-1 is ok',
    ],
    [
      'a check removed',
      summary({ check: 'web' }, { check: 'web' }, { transition: { phase: 'resolved', reason: 'check removed' } }),
      'web on web-1 is not checked any more',
    ],
  ])('says in one line: %s', (_case, text, expected) => {
    expect(text).toBe(expected)
  })

  it('is cut when it is long, and still fits the contract', () => {
    expect(summary({ check: 'web' }, { check: 'web' }, { life: { detail: 'x'.repeat(8000) } }).length).toBeLessThanOrEqual(1000)
  })

  it('has the same id for the same facts, and another for any other', () => {
    const series = { fingerprint: 'f', rule: 'r', watch: 'w', host: null, labels: {} }
    const id = (change: Partial<Transition> = {}, lived: Partial<Life> = {}) =>
      alertEventOf('alerter@hub', series, undefined, life(lived), transition(change)).id
    expect(id()).toBe(id({}, { changed_ms: at + 99_000, value: 0.1 }))
    expect(
      new Set([id(), id({ phase: 'resolved' }), id({ trigger: 'event-2' }), id({}, { epoch: '01JD0000000000000000000009' })]).size,
    ).toBe(4)
  })

  it('names the rule, host and labels by one fingerprint, in whatever order the labels come', () => {
    expect(fingerprintOf('r', 'h', { a: '1', b: '2' })).toBe(fingerprintOf('r', 'h', { b: '2', a: '1' }))
    const all = [
      fingerprintOf('r', 'h', {}),
      fingerprintOf('r', null, {}),
      fingerprintOf('r', 'h', { a: '' }),
      fingerprintOf('s', 'h', {}),
      fingerprintOf('r', 'h', { a: 'b","c":"d' }),
    ]
    expect(new Set(all).size).toBe(all.length)
    expect(all[0]).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('a value', () => {
  it.each([
    ['usage_ratio', 0.9345, '93.45%'],
    ['used_bytes', 1536, '1.5 KiB'],
    ['read_bytes_per_second', 10 * 2 ** 20, '10 MiB/s'],
    ['latency_seconds', 0.25, '250 ms'],
    ['latency_seconds', 12.5, '12.5 s'],
    ['cpu_celsius', 71, '71 °C'],
    ['read_ops_per_second', 1200, '1200/s'],
    ['load1', 3.14159, '3.142'],
    ['used_bytes', 0, '0 B'],
  ])('%s %d reads %s', (field, value, expected) => {
    expect(quantityText(field, value)).toBe(expected)
  })
})
