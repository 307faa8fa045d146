import { expect, it } from 'vitest'
import { judge, listActiveAlerts } from '../../../src/console/client/verdict.js'
import { alert, checkResult, cpu, heal, health, heartbeat, startMs } from '../../fixture-events.ts'
import { viewOf } from './view-of.ts'

const say = (...[messages, nowMs = startMs + 5000, settings]: [Parameters<typeof viewOf>[0], number?, Parameters<typeof viewOf>[2]?]) =>
  judge(viewOf(messages, nowMs, settings))
const calm = [cpu('web-1', 0.1), checkResult('web-1', 'web', true), checkResult('web-1', 'ssh', true)]

it('is quiet when all is well', () => {
  expect(say(calm)).toEqual({ tone: 'ok', text: 'All quiet: 1 host, 2 checks ok', detail: undefined })
  expect(say([cpu('a', 0.1), cpu('b', 0.1)]).text).toBe('All quiet: 2 hosts')
  expect(say(calm, startMs, { locale: 'ko' }).text).toBe('이상 없음: 호스트 1대, 점검 2건 정상')
})

it('names the one alert and since when', () => {
  const messages = [...calm, alert('web-1', 'web-down', 'firing', startMs + 180_000)]
  expect(say(messages, startMs + 190_000)).toMatchObject({ tone: 'critical', text: '1 alert: web-down on web-1 since 12:03' })
  expect(say(messages, startMs + 190_000, { locale: 'ko' }).text).toBe('경보 1건: web-1의 web-down, 12:03부터')
  expect(say([alert(null, 'bus-silent', 'firing', startMs, { severity: 'warning' })])).toMatchObject({
    tone: 'warning',
    text: '1 alert: bus-silent on the fleet since 12:00',
  })
})

it('says the day of an alert that is older than today', () => {
  expect(say([alert('web-1', 'web-down', 'firing')], startMs + 3 * 86_400_000).text).toBe('1 alert: web-down on web-1 since Nov 21 12:00')
})

it('counts several and names the worst: not acknowledged, most severe, oldest', () => {
  const messages = [
    alert('a', 'acked', 'acked', startMs),
    alert('b', 'warns', 'firing', startMs + 1000, { severity: 'warning' }),
    alert('c', 'late', 'firing', startMs + 3000),
    alert('d', 'early', 'flapping', startMs + 2000),
    alert('e', 'maybe', 'pending', startMs),
    alert('f', 'over', 'resolved', startMs),
  ]
  expect(listActiveAlerts(viewOf(messages, startMs)).map(({ rule }) => rule)).toEqual(['early', 'late', 'warns', 'acked'])
  expect(say(messages).text).toBe('4 alerts, 3 critical: early on d since 12:00, and 3 more')
})

it('speaks of failing checks while no alert fires, of silent hosts, of services that are not ready, in that order', () => {
  const later = startMs + 120_000
  const failing = health('web-1', 'web', 'failing', 'ok', startMs + 60_000)
  const degraded = heartbeat('web-1', 'alerter', later, { state: 'degraded', reasons: ['no disk'] })
  expect(say([...calm, degraded, failing], later)).toMatchObject({ tone: 'warning', text: '1 check failing: web on web-1 since 12:01' })
  expect(say([...calm, degraded], later)).toMatchObject({ tone: 'warning', text: '1 host silent: web-1 since 12:00' })
  expect(say([...calm, cpu('web-1', 0.1, later), degraded], later)).toMatchObject({
    tone: 'warning',
    text: 'alerter on web-1 is not ready',
  })
})

it('is not quiet before it knows anything', () => {
  expect(say([])).toMatchObject({ tone: 'info', text: 'Waiting for the first host to report' })
  expect(say(calm, startMs, { status: { caught_up: false } })).toMatchObject({ tone: 'info', text: 'Reading what happened before…' })
})

it('calls no host silent while the bus is away, and says so instead', () => {
  const verdict = say(calm, startMs + 600_000, { status: { bus: 'disconnected' } })
  expect(verdict).toMatchObject({ tone: 'warning', text: 'The bus is away: this is the last that was known' })
})

it('tells what is being healed', () => {
  const messages = [...calm, alert('web-1', 'web-down', 'firing'), heal('web-1', 'r', 'diagnosing', 0, startMs + 10)]
  expect(say(messages).detail).toBe('Healing web on web-1 now: restart-web, about to begin')
  expect(say([...messages, heal('web-1', 'r', 'acting', 2, startMs + 20)]).detail).toBe(
    'Healing web on web-1 now: restart-web, attempt 2 of 3',
  )
  expect(say([...messages, heal('web-1', 'r', 'recovered', 2, startMs + 30)]).detail).toBeUndefined()
})
