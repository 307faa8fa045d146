import { afterEach, beforeEach, expect, it } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import { alerterConfigSchema } from '../../src/config.ts'
import { AlerterBed, until } from '../alerter-bed.ts'

let bed: AlerterBed
beforeEach(async () => {
  bed = await AlerterBed.open()
})
afterEach(async () => {
  await bed.close()
})

const config = { channels: {}, default_rules: ['app-connections-high', 'cpu-high', 'app-errors-high'] }
const told = () => bed.alerts.map(({ rule, phase, labels, reason }) => [rule, labels['job'], phase, reason].filter(Boolean).join(' '))

it('two jobs of one host stay apart over a restart: what one does not say any more does not end the alert of the other', async () => {
  const startMs = Date.now() - 60_000
  const say = (job: string, tick: number, fields: Record<string, number>): string =>
    bed.metric(`app_${job}`, fields, 'web-1', startMs + tick * 1000)
  const first = await bed.startWorking(config)
  say('api', 0, { active_connections: 1500 })
  say('ws', 0, { active_connections: 2500 })
  await until(() => told().length === 2, told)
  await first.stop(3000)
  await bed.startWorking(config)
  for (const tick of [1, 2, 3]) {
    say('api', tick, { other: 1 })
    say('ws', tick, { active_connections: 2500 })
  }
  await until(() => told().length === 3, told)
  say('ws', 4, { active_connections: 900 })
  await until(() => told().length === 4, told)
  expect(told()).toEqual([
    'app-connections-high api firing',
    'app-connections-high ws firing',
    'app-connections-high api resolved gone',
    'app-connections-high ws resolved recovered',
  ])
  expect(bed.alerts[0]).toMatchObject({
    severity: 'warning',
    runbook: 'docs/runbooks/app-connections-high.md',
    summary: 'active_connections of api on web-1 is 1500, above 1000',
  })
})

it('another mapping and another profile are taken while running', async () => {
  const handle = await bed.startWorking(config)
  bed.metric('app_api', { active_connections: 1500, sessions: 3000 })
  await until(() => told().length === 1, told)
  await handle.reload(alerterConfigSchema.parse({ ...config, profile: 'cctv', app_metrics: { connections: 'sessions' } }))
  bed.metric('app_api', { active_connections: 1500, sessions: 3000 })
  await until(() => told().length === 3, told)
  expect(told()).toEqual([
    'app-connections-high api firing',
    'app-connections-high api resolved rule changed',
    'app-connections-high api firing',
  ])
  expect(bed.alerts[2]).toMatchObject({ severity: 'critical' })
})

it('what a check measured before a restart counts after it', async () => {
  const slow = { channels: {}, default_rules: ['response-slow', 'cpu-high'] }
  const startMs = Date.now() - 400_000
  const ran = (seconds: number): void => {
    const id = newId(Date.now())
    const time = isoTime(startMs + seconds * 1000)
    const envelope = { v: 1, id, time, host: 'web-1', source: 'collector@web-1', correlation_id: id }
    const result = { check: 'web', kind: 'http', ok: true, latency_seconds: 0.2, error: null, detail: {} }
    bed.bus.publishMetric(buildSubject({ kind: 'check', host: 'web-1', check: 'web' }), { ...envelope, ...result })
  }
  for (let seconds = 0; seconds < 300; seconds += 10) ran(seconds)
  await bed.bus.connection?.flush()
  const handle = await bed.startWorking(slow)
  await until(
    () => handle.notReady().length === 0,
    () => handle.notReady(),
  )
  ran(300)
  await until(
    () => bed.alerts.length > 0,
    () => bed.phases,
  )
  expect(bed.alerts[0]?.summary).toBe('check.latency_seconds (avg over 5m) of web on web-1 is 200 ms, above 100 ms')
})
