import { describe, expect, it } from 'vitest'
import { compileRules } from '../../src/rules/compile.ts'
import { alerterConfigSchema } from '../../src/config.ts'
import { summaryOf } from '../../src/alert/summary.ts'
import type { Life } from '../../src/alert/life.ts'
import { metricFactOf } from '../../src/texts/fact.ts'
import { textsOf } from '../../src/texts/texts.ts'
import type { Message } from '../../src/group/group.ts'
import type { Notification } from '../../src/notify/notification.ts'
import { exampleEvent, exampleNotification } from '../example-notification.ts'

const ko = textsOf('ko', 'Asia/Seoul')
const en = textsOf('en', 'UTC')
const nineInSeoul = Date.parse('2025-10-21T00:00:00Z')

function withMessage(change: Partial<Message>, event = exampleEvent()): Notification {
  const base = exampleNotification(event)
  return { ...base, message: { ...base.message, ...change } }
}

describe('the texts that the users wrote down, byte for byte', () => {
  const figures = { cpu_ratio: 0.93, memory_ratio: 0.88, disk_ratio: 0.71 }

  it('tell of a host that is short of something with CPU, memory and disk', () => {
    expect(ko.hostBreach(figures, nineInSeoul)).toBe(
      '🚨 *서버 자원 경고*\n- CPU: 93%\n- Memory: 88%\n- Disk: 71%\n- 시각: 2025-10-21 09:00',
    )
    expect(en.hostBreach(figures, nineInSeoul)).toBe(
      '🚨 *Server resource warning*\n- CPU: 93%\n- Memory: 88%\n- Disk: 71%\n- Time: 2025-10-21 00:00',
    )
  })

  it('always have all three, also when one is not known', () => {
    const unread = { cpu_ratio: null, memory_ratio: 0.884, disk_ratio: 1 }
    expect(ko.hostBreach(unread, nineInSeoul)).toContain('- CPU: 알 수 없음\n- Memory: 88%\n- Disk: 100%\n')
  })

  it('tell of a backup that is done', () => {
    expect(ko.backupDone('backup_2025_10_21_0000', null, null)).toBe('🗄️ 백업 완료: `backup_2025_10_21_0000`')
    expect(ko.backupDone('backup_2025_10_21_0000', 1_234_567_890, 75)).toBe(
      '🗄️ 백업 완료: `backup_2025_10_21_0000`\n크기 1.15 GiB, 소요 1분 15초',
    )
    expect(ko.backupDone('backup_2025_10_21_0000', 1_234_567_890, 75, 1024)).toContain('크기 1.15 GiB, 새 데이터 1 KiB, 소요 1분 15초')
    expect(en.backupDone('backup_2025_10_21_0000', 1024, 3)).toBe('🗄️ Backup complete: `backup_2025_10_21_0000`\n1 KiB, in 3s')
  })

  it('write the line of the text log', () => {
    expect(ko.resourceLine(figures, nineInSeoul)).toBe('[2025-10-21 09:00] CPU:93% | MEM:88% | DISK:71%')
  })

  it('show one metric as a table', () => {
    const fields = [
      ['Metric', 'cpu.usage_ratio'],
      ['Current Value', '93%'],
      ['Threshold', '85%'],
    ]
    expect(ko.metricAlert(exampleNotification())).toEqual({
      title: '🚨 cpu.usage_ratio Alert',
      fields: [...fields, ['Severity', 'warning']],
      color: 'warning',
    })
    expect(en.metricAlert(exampleNotification({ severity: 'critical' }))).toMatchObject({ color: 'danger' })
    expect(en.metricAlert(exampleNotification({ phase: 'resolved' }))).toBeNull()
    expect(en.metricAlert(exampleNotification({ value: null, summary: 'web on web-1 is failing' }))).toBeNull()
  })
})

describe('a message', () => {
  const other = exampleEvent({ rule: 'disk-full', fingerprint: 'd', severity: 'critical', labels: { mount: '/data' } })

  it.each<[Partial<Message>, string, string]>([
    [{}, '⚠️ Warning: cpu-high on web-1', '⚠️ 경고: web-1 cpu-high'],
    [{ worst: 'critical', firing: 3 }, '🚨 Critical: cpu-high on web-1, and 2 more', '🚨 심각: web-1 cpu-high, 외 2건'],
    [{ worst: 'info', occasion: 'changed' }, 'ℹ️ Notice: cpu-high on web-1', 'ℹ️ 알림: web-1 cpu-high'],
    [{ firing: 0, resolved: 1, occasion: 'resolved' }, '✅ Resolved: cpu-high on web-1', '✅ 해소: web-1 cpu-high'],
    [{ occasion: 'repeated' }, '⚠️ Still firing: cpu-high on web-1', '⚠️ 지속 중: web-1 cpu-high'],
    [{ occasion: 'escalated', worst: 'critical' }, '🚨 Escalated: cpu-high on web-1', '🚨 상위 보고: web-1 cpu-high'],
    [{ occasion: 'flapping' }, '⚠️ Comes and goes: cpu-high on web-1', '⚠️ 반복 발생: web-1 cpu-high'],
    [{ occasion: 'acked' }, '👀 Acknowledged: cpu-high on web-1', '👀 확인됨: web-1 cpu-high'],
    [
      { occasion: 'summary', worst: 'critical', firing: 12, resolved: 3 },
      '🚨 Summary: 12 firing, 3 resolved',
      '🚨 요약: 발생 12건, 해소 3건',
    ],
    [{ occasion: 'summary', firing: 0, resolved: 3 }, '✅ Summary: 3 resolved', '✅ 요약: 해소 3건'],
  ])('with %j says %s', (change, english, korean) => {
    expect(en.title(withMessage(change))).toBe(english)
    expect(ko.title(withMessage(change))).toBe(korean)
  })

  it('has a line for each alert, and counts those that it does not show', () => {
    const over = exampleEvent({ phase: 'resolved', summary: 'cpu.usage_ratio on web-2 is 41%', host: 'web-2', value: 0.41 })
    const message = { alerts: [other, over], firing: 4, resolved: 1 }
    expect(en.lines(withMessage(message))).toEqual([
      '🔴 cpu.usage_ratio on web-1 is 93%, above 85% for 5m · since 2026-11-21 02:59',
      '✅ cpu.usage_ratio on web-2 is 41%',
      'and 3 more',
    ])
    expect(ko.lines(withMessage(message))).toEqual([
      '🔴 web-1 CPU 사용률 93% (기준 85% 초과, 5분 지속) · 2026-11-21 11:59부터',
      '✅ web-2 CPU 사용률 41%',
      '외 3건',
    ])
  })

  it('names who is called with role and phone, and the level', () => {
    const contacts = [
      { name: '김지은', role: '개발 리드', phone: '010-1234-5678', email: null, slack: null },
      { name: 'Lee', role: 'CTO', phone: null, email: null, slack: 'U123456' },
    ]
    expect(ko.contactsLine(withMessage({ contacts }))).toBe('담당: 김지은 (개발 리드, 010-1234-5678), Lee (CTO)')
    expect(en.contactsLine(withMessage({ contacts }))).toBe('Called: 김지은 (개발 리드, 010-1234-5678), Lee (CTO)')
    expect(en.contactsLine(withMessage({}))).toBeNull()
    expect([ko.levelLine(withMessage({ level: 1 })), en.levelLine(withMessage({ level: 2 }))]).toEqual(['장애 1등급', 'Incident level 2'])
    const openedMs = Date.parse('2026-11-21T00:00:00.000Z')
    const targets = { respond_ms: openedMs + 300_000, cause_ms: null, recover_ms: openedMs + 1_800_000 }
    expect(en.levelLine(withMessage({ level: 1, targets }))).toMatch(/^Incident level 1: respond by \d\d:05, recover by \d\d:30$/)
    expect(ko.levelLine(withMessage({ level: 1, targets }))).toMatch(/^장애 1등급: 대응 \d\d:05, 복구 \d\d:30까지$/)
  })

  it('about a check is Korean too, with the words of the check', () => {
    const check = { rule: 'check-failing', labels: { check: 'web' }, value: null, threshold: null }
    expect(ko.fact(exampleEvent({ ...check, summary: 'web on web-1 is failing: connect: refused' }))).toBe(
      'web-1 web 점검 실패: connect: refused',
    )
    expect(ko.fact(exampleEvent({ ...check, phase: 'resolved', summary: 'web on web-1 is ok', reason: 'recovered' }))).toBe(
      'web-1 web 정상',
    )
    expect(ko.fact(exampleEvent({ ...check, phase: 'resolved', summary: 'x', reason: 'check removed' }))).toBe('web-1 web 점검이 삭제됨')
  })

  it('about a window or a ratio says so in Korean', () => {
    const calm = exampleEvent({ summary: 'cpu.usage_ratio (avg over 5m) on web-1 is 93%, above 85%' })
    expect(ko.fact(calm)).toBe('web-1 CPU 사용률 5분 평균 93% (기준 85% 초과)')
    const errors = exampleEvent({ summary: 'errors_total per requests_total (increase over 5m) on web-1 is 7.5%, above 5%' })
    expect(ko.fact(errors)).toBe('web-1 errors_total / requests_total 5분 증가량 7.5% (기준 5% 초과)')
  })

  it('says what no pattern knows in the words of the alert', () => {
    const summary = 'db-7 has not been heard for 31 s'
    expect(ko.fact(exampleEvent({ rule: 'host-silent', value: null, threshold: null, summary }))).toBe(summary)
  })
})

describe('the name of a metric', () => {
  const life: Life = {
    phase: 'firing',
    epoch: 'e',
    epoch_ms: 0,
    announced: true,
    severity: 'warning',
    levels: {},
    failures: 0,
    updates: 0,
    started_ms: 0,
    changed_ms: 0,
    correlation_id: 'c',
    value: 12_345_678,
    detail: null,
  }
  const rules = {
    low: { metric: 'fs.available_bytes', below: '1GiB', for: '1h30m', summary: 'Disk: order one' },
    calm: { metric: 'cpu.usage_ratio', above: '85%', take: 'avg', over: '5m' },
    errors: { metric: 'app_api.errors_total', per: 'app_api.requests_total', take: 'increase', over: '5m', above: '5%' },
    slow: { metric: 'disk.read_latency_seconds', above: '10ms' },
  }

  it.each([
    ['low', 'db-1', { mount: '/data: is it' }, 'firing'],
    ['low', null, {}, 'firing'],
    ['calm', 'db-1', {}, 'firing'],
    ['errors', 'db-1', {}, 'firing'],
    ['slow', 'on.is', { device: 'sda' }, 'firing'],
    ['slow', 'db-1', {}, 'resolved'],
  ] as const)('is found in the summary that %s writes about %s %j when %s', (name, host, labels, phase) => {
    const rule = compileRules(alerterConfigSchema.parse({ rules, default_rules: false })).find(name)
    if (rule?.kind !== 'metric') throw new Error('no such rule')
    const transition = { phase, severity: 'warning', reason: 'recovered', at: 0, trigger: 't' } as const
    const series = { rule: name, host, labels, fingerprint: 'f', watch: rule.watch } as Parameters<typeof summaryOf>[0]
    const summary = summaryOf(series, rule, life, transition)
    const fact = metricFactOf(exampleEvent({ rule: name, host, labels, phase, summary, value: life.value, threshold: 1 }))
    expect(fact).toMatchObject({
      metric: rule.watch.split(' ')[0],
      per: name === 'errors' ? 'app_api.requests_total' : null,
      how: name === 'calm' ? 'avg over 5m' : name === 'errors' ? 'increase over 5m' : null,
      own: name === 'low' ? 'Disk: order one' : null,
      thing: Object.values(labels)[0] ?? null,
      lasting: name === 'low' && phase === 'firing' ? '1h30m' : null,
      ...(phase === 'firing' ? { direction: name === 'low' ? 'below' : 'above' } : {}),
    })
  })
})

describe('a time', () => {
  it('is that of the zone, also when its clocks were changed', () => {
    const berlin = textsOf('en', 'Europe/Berlin')
    expect(berlin.when(Date.parse('2026-10-25T00:30:00Z'))).toBe('2026-10-25 02:30')
    expect(berlin.when(Date.parse('2026-10-25T01:30:00Z'))).toBe('2026-10-25 02:30')
    expect(ko.when(Date.parse('2026-12-31T15:00:00Z'))).toBe('2027-01-01 00:00')
  })
})
