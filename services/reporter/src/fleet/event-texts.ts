/** Sentences of the event feed. `{name}` is filled in; a part in brackets goes away when something in it is empty. */
export type Locale = 'en' | 'ko'

const en = {
  'health.ok': 'Check {check} on {host} is ok',
  'health.ok_again': 'Check {check} on {host} is ok again',
  'health.failing': 'Check {check} on {host} is failing[: {error}]',
  'health.unknown': 'Check {check} on {host} cannot be run[: {error}]',
  'health.removed': 'Check {check} on {host} was taken out of the configuration',
  'alert.pending': 'Alert {rule} on {host} may be coming[: {summary}]',
  'alert.firing': 'Alert {rule} on {host} ({severity})[: {summary}]',
  'alert.updated': 'Alert {rule} on {host} has news ({severity})[: {summary}]',
  'alert.acked': 'Alert {rule} on {host} was acknowledged[: {reason}]',
  'alert.resolved': 'Alert {rule} on {host} resolved[: {reason}]',
  'alert.flapping': 'Alert {rule} on {host} goes on and off[: {summary}]',
  'notify.delivered': 'Told {channel}: {subject}',
  'notify.deferred': 'Message to {channel} has to wait[: {error}]',
  'notify.failed': 'Message to {channel} failed, attempt {attempt}[: {error}]',
  'notify.dead': 'Message to {channel} was given up after {attempt} attempts[: {error}]',
  'heal.held': 'Heal of {target} on {host} with {playbook} is held back[: {reason}]',
  'heal.diagnosing': 'Looking into {target} on {host} before {playbook} acts',
  'heal.acting': 'Healing {target} on {host} with {playbook}, attempt {attempt} of {max_attempts}',
  'heal.verifying': 'Verifying {target} on {host} after attempt {attempt} of {playbook}',
  'heal.recovered': 'Healed {target} on {host} with {playbook}[ in {duration}]',
  'heal.failed': 'Attempt {attempt} of {max_attempts} to heal {target} on {host} failed[: {reason}]',
  'heal.escalated': 'A person is needed: {playbook} could not heal {target} on {host}[: {reason}]',
  'backup.started': 'Backup {job} of {host} started',
  'backup.completed': 'Backup {job} of {host} is done[ in {duration}]',
  'backup.failed': 'Backup {job} of {host} failed[: {error}]',
  'backup.verified': 'Backup {job} of {host} was verified',
  'backup.verify_failed': 'Backup {job} of {host} was verified and is not whole[: {error}]',
  'backup.drill': 'Restore drill of backup {job} of {host} is done[ in {duration}]',
  'backup.drill_failed': 'Restore drill of backup {job} of {host} failed[: {error}]',
  'backup.restored': 'Backup {job} of {host} was restored[ in {duration}]',
  'backup.restore_failed': 'Restore of backup {job} of {host} failed[: {error}]',
  'backup.pruned': 'Old snapshots of backup {job} of {host} were removed',
  'report.built': 'The {period} report is ready: {verdict}',
  'report.sent': 'The {period} report was sent: {verdict}',
  change: '{actor} changed {host} ({what})[: {summary}]',
  fleet: 'the fleet',
} as const

export type EventTextKey = keyof typeof en

const ko: Record<EventTextKey, string> = {
  'health.ok': '{host}의 점검 {check}: 정상',
  'health.ok_again': '{host}의 점검 {check}: 다시 정상',
  'health.failing': '{host}의 점검 {check}: 실패[ – {error}]',
  'health.unknown': '{host}의 점검 {check}: 실행할 수 없음[ – {error}]',
  'health.removed': '{host}의 점검 {check}: 설정에서 제거됨',
  'alert.pending': '{host}의 경보 {rule}: 대기 중[ – {summary}]',
  'alert.firing': '{host}의 경보 {rule}: 발생({severity})[ – {summary}]',
  'alert.updated': '{host}의 경보 {rule}: 갱신({severity})[ – {summary}]',
  'alert.acked': '{host}의 경보 {rule}: 확인됨[ – {reason}]',
  'alert.resolved': '{host}의 경보 {rule}: 해제[ – {reason}]',
  'alert.flapping': '{host}의 경보 {rule}: 발생과 해제를 반복[ – {summary}]',
  'notify.delivered': '{channel} 채널로 알림: {subject}',
  'notify.deferred': '{channel} 채널 알림 보류[ – {error}]',
  'notify.failed': '{channel} 채널 알림 실패, {attempt}번째 시도[ – {error}]',
  'notify.dead': '{channel} 채널 알림 포기, {attempt}번 시도[ – {error}]',
  'heal.held': '{host}의 {target} 복구 보류({playbook})[ – {reason}]',
  'heal.diagnosing': '{host}의 {target} 진단 중({playbook})',
  'heal.acting': '{host}의 {target} 복구 중({playbook}), {max_attempts}회 중 {attempt}번째 시도',
  'heal.verifying': '{host}의 {target} 복구 확인 중({playbook}), {attempt}번째 시도 후',
  'heal.recovered': '{host}의 {target} 복구 완료({playbook})[, {duration}]',
  'heal.failed': '{host}의 {target} 복구 실패, {max_attempts}회 중 {attempt}번째 시도[ – {reason}]',
  'heal.escalated': '사람이 필요합니다: {host}의 {target} 복구 불가({playbook})[ – {reason}]',
  'backup.started': '{host}의 백업 {job}: 시작',
  'backup.completed': '{host}의 백업 {job}: 완료[, {duration}]',
  'backup.failed': '{host}의 백업 {job}: 실패[ – {error}]',
  'backup.verified': '{host}의 백업 {job}: 검증됨',
  'backup.verify_failed': '{host}의 백업 {job}: 검증 실패[ – {error}]',
  'backup.drill': '{host}의 백업 {job}: 복원 훈련 완료[, {duration}]',
  'backup.drill_failed': '{host}의 백업 {job}: 복원 훈련 실패[ – {error}]',
  'backup.restored': '{host}의 백업 {job}: 복원됨[, {duration}]',
  'backup.restore_failed': '{host}의 백업 {job}: 복원 실패[ – {error}]',
  'backup.pruned': '{host}의 백업 {job}: 오래된 스냅샷 정리됨',
  'report.built': '{period} 리포트 준비됨: {verdict}',
  'report.sent': '{period} 리포트 전송됨: {verdict}',
  change: '{host} 변경({what}), {actor}[ – {summary}]',
  fleet: '전체',
}

/** Words that stand for codes of the contract inside a sentence. */
const words: Record<Locale, Record<string, string>> = {
  en: {},
  ko: { info: '정보', warning: '경고', critical: '심각', daily: '일간', weekly: '주간', monthly: '월간', quarterly: '분기' },
}

const texts: Record<Locale, Record<EventTextKey, string>> = { en, ko }

export function findText(key: EventTextKey, locale: Locale): string {
  return texts[locale][key]
}

export function translate(code: string, locale: Locale): string {
  const known = words[locale]
  return Object.hasOwn(known, code) ? (known[code] ?? code) : code
}

/** One pass over the template, so that nothing in a value is taken for a placeholder. */
export function fillText(template: string, values: Readonly<Record<string, string>>): string {
  const fill = (part: string): string => part.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  return template.replaceAll(/\[([^\]]*)\]|\{\w+\}/g, (part, optional: string | undefined) => {
    if (optional === undefined) return fill(part)
    const isComplete = [...optional.matchAll(/\{(\w+)\}/g)].every(([, name]) => (values[name ?? ''] ?? '') !== '')
    return isComplete ? fill(optional) : ''
  })
}
