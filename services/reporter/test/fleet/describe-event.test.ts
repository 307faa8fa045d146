import { describe, expect, it } from 'vitest'
import { describeEvent } from '../../src/fleet/describe-event.ts'
import { fillText } from '../../src/fleet/event-texts.ts'
import { alert, cpu, heal, health, message, receive, startMs, type Message } from '../fixture-events.ts'

const say = (sent: Message, locale: 'en' | 'ko' = 'en') => describeEvent(receive(sent), locale)

describe('sentences', () => {
  const notify = (outcome: string, error: string | null) =>
    message(
      { kind: 'notify', channel: 'hook', outcome },
      {
        channel: 'hook',
        kind: 'webhook',
        outcome,
        notification: 'n',
        attempt: 2,
        subject: 'web-down on web-1',
        about: [],
        error,
        latency_seconds: null,
      },
    )
  const backup = (phase: string) =>
    message(
      { kind: 'backup', host: 'db-1', job: 'nightly', phase },
      {
        job: 'nightly',
        phase,
        run: 'r',
        snapshot: null,
        size_bytes: null,
        added_bytes: null,
        duration_seconds: 75,
        next_due: null,
        error: null,
      },
    )
  const cases: [Message, string, string, string][] = [
    [
      health('web-1', 'web', 'failing', 'ok'),
      'critical',
      'Check web on web-1 is failing: connection refused',
      'web-1의 점검 web: 실패 – connection refused',
    ],
    [health('web-1', 'web', 'ok', 'failing'), 'ok', 'Check web on web-1 is ok again', 'web-1의 점검 web: 다시 정상'],
    [health('web-1', 'web', 'ok', null), 'ok', 'Check web on web-1 is ok', 'web-1의 점검 web: 정상'],
    [health('web-1', 'web', 'unknown', 'ok'), 'warning', 'Check web on web-1 cannot be run', 'web-1의 점검 web: 실행할 수 없음'],
    [
      alert('web-1', 'web-down', 'firing'),
      'critical',
      'Alert web-down on web-1 (critical): web-down is wrong',
      'web-1의 경보 web-down: 발생(심각) – web-down is wrong',
    ],
    [
      alert('web-1', 'web-down', 'resolved', startMs, { reason: 'recovered' }),
      'ok',
      'Alert web-down on web-1 resolved: recovered',
      'web-1의 경보 web-down: 해제 – recovered',
    ],
    [
      heal('web-1', 'r', 'acting', 2),
      'info',
      'Healing web on web-1 with restart-web, attempt 2 of 3',
      'web-1의 web 복구 중(restart-web), 3회 중 2번째 시도',
    ],
    [
      heal('web-1', 'r', 'recovered', 2, startMs, { duration_seconds: 4.867 }),
      'ok',
      'Healed web on web-1 with restart-web in 4.9s',
      'web-1의 web 복구 완료(restart-web), 4.9s',
    ],
    [
      heal('web-1', 'r', 'escalated', 3),
      'critical',
      'A person is needed: restart-web could not heal web on web-1',
      '사람이 필요합니다: web-1의 web 복구 불가(restart-web)',
    ],
    [notify('delivered', null), 'info', 'Told hook: web-down on web-1', 'hook 채널로 알림: web-down on web-1'],
    [
      notify('dead', 'HTTP 404'),
      'critical',
      'Message to hook was given up after 2 attempts: HTTP 404',
      'hook 채널 알림 포기, 2번 시도 – HTTP 404',
    ],
    [backup('completed'), 'ok', 'Backup nightly of db-1 is done in 1m15s', 'db-1의 백업 nightly: 완료, 1m15s'],
  ]
  it.each(cases)('says what happened (%#)', (sent, tone, english, korean) => {
    expect(say(sent)).toMatchObject({ tone, text: english, id: sent.event.id })
    expect(say(sent, 'ko')).toMatchObject({ tone, text: korean })
  })

  it('has none for what goes by each second', () => {
    expect(say(cpu('web-1', 0.1))).toBeUndefined()
  })

  it('has a bound, whatever the event carries', () => {
    const text = say(health('web-1', 'web', 'failing', 'ok', startMs, { error: 'x'.repeat(8000) }))?.text ?? ''
    expect(text.length).toBeLessThanOrEqual(400)
    expect(text.startsWith('Check web on web-1 is failing: xxx')).toBe(true)
  })

  it('takes nothing in a value for a placeholder', () => {
    expect(say(health('web-1', 'web', 'failing', 'ok', startMs, { error: '{host} [x {check}] $& $1' }))?.text).toBe(
      'Check web on web-1 is failing: {host} [x {check}] $& $1',
    )
  })
})

it('drops a part in brackets when something in it is empty', () => {
  expect(fillText('a {b}[: {c}]', { b: 'B', c: '' })).toBe('a B')
  expect(fillText('a {b}[: {c}]', { b: 'B', c: 'C' })).toBe('a B: C')
})
