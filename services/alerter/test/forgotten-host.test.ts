import { afterEach, beforeEach, expect, it } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { AlerterBed, until } from './alerter-bed.ts'

let bed: AlerterBed
beforeEach(async () => {
  bed = await AlerterBed.open()
})
afterEach(() => bed.close())

async function forget(host: string): Promise<void> {
  const id = newId(Date.now())
  const body = { what: 'forgotten', actor: 'minji', summary: `${host} is gone`, version: null }
  const event = { v: 1, id, time: isoTime(Date.now()), host, source: 'cli@hub', correlation_id: id, ...body }
  await bed.bus.publishEvent(buildSubject({ kind: 'change', host, what: 'forgotten' }), event)
}

it('resolves all alerts of a forgotten host with that reason, and those of others stay', async () => {
  const rules = { hot: { metric: 'cpu.usage_ratio', above: { warning: '85%' } }, 'web-down': { check: 'web', severity: 'critical' } }
  await bed.startWorking({ rules, default_rules: false, channels: { log: { kind: 'log' } } })
  for (const host of ['web-1', 'web-2']) {
    bed.metric('cpu', { usage_ratio: 0.93 }, host)
    await bed.health('failing', 'web', host)
  }
  await until(
    () => bed.phases.filter((phase) => phase.endsWith('firing')).length === 4,
    () => bed.phases,
  )
  await forget('web-1')
  await until(
    () => bed.phases.filter((phase) => phase.endsWith('resolved')).length === 2,
    () => bed.phases,
  )
  const resolved = bed.alerts.filter(({ phase }) => phase === 'resolved')
  expect(resolved.map(({ host, rule, reason }) => `${host} ${rule}: ${reason}`).toSorted()).toEqual([
    'web-1 hot: host forgotten',
    'web-1 web-down: host forgotten',
  ])
})
