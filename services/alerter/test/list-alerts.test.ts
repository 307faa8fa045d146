import { describe, expect, it } from 'vitest'
import type { Life } from '../src/alert/life.ts'
import { askedFor, listAlerts } from '../src/list-alerts.ts'
import { startPositions } from '../src/state/position.ts'
import type { AlertRecord } from '../src/state/stored.ts'
import { exampleEvent } from './example-notification.ts'

function record(fingerprint: string, change: Partial<Life>, summary = 's'): AlertRecord {
  const event = exampleEvent({ fingerprint, summary, started_time: new Date(change.started_ms ?? 0).toISOString() })
  const firing: Life = {
    phase: 'firing',
    epoch: 'e',
    epoch_ms: 0,
    announced: true,
    severity: 'warning',
    levels: {},
    failures: 1,
    updates: 0,
    started_ms: 0,
    changed_ms: 0,
    correlation_id: 'c',
    value: 1,
    detail: null,
  }
  const life: Life = { ...firing, ...change }
  return {
    kind: 'alert',
    token: 1,
    series: { fingerprint, rule: 'r', watch: 'w', host: 'h', labels: {} },
    life,
    applied: startPositions,
    last: { event, checkpoint: 1 },
  }
}

describe('the list of alerts', () => {
  it('has what is pending or firing, the worst and oldest first', () => {
    const { alerts, total } = listAlerts([
      record('new', { started_ms: 2000 }),
      record('over', { phase: 'ok' }),
      record('pending', { phase: 'pending', severity: 'critical' }),
      record('old', { started_ms: 1000 }),
      record('bad', { severity: 'critical', started_ms: 3000 }),
    ])
    expect(alerts.map(({ fingerprint, phase }) => `${fingerprint} ${phase}`)).toEqual([
      'bad firing',
      'old firing',
      'new firing',
      'pending pending',
    ])
    expect(total).toBe(4)
  })

  it('fits into one message, and says how many there are', () => {
    const list = listAlerts(Array.from({ length: 5000 }, (_, index) => record(`f${index}`, {}, 'x'.repeat(500))))
    expect(JSON.stringify(list).length).toBeLessThan(700 * 1024)
    expect(list.alerts.length).toBeGreaterThan(100)
    expect(list.total).toBe(5000)
  })

  it('has those that are asked for, however far down they stand', () => {
    const all = Array.from({ length: 5000 }, (_, index) => record(`f${index}`, { started_ms: index }, 'x'.repeat(500)))
    const { alerts, total } = listAlerts(askedFor(all, { alerts: ['f4999', 'f7', 'unknown'] }))
    expect(alerts.map(({ fingerprint }) => fingerprint)).toEqual(['f7', 'f4999'])
    expect(total).toBe(2)
    expect(askedFor(all, {})).toBe(all)
  })
})
