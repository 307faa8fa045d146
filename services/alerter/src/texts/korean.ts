import type { AlertEvent } from '@nightshift/shared/events/alert'
import { failureOf, metricFactOf, type MetricFact } from './fact.ts'
import { koreanDuration } from './korean-duration.ts'
import { koreanSentence } from './korean-sentences.ts'
import { contactText, type Words } from './words.ts'

/** Metrics that people know by a name; the others keep theirs. */
const metricNames = new Map([
  ['cpu.usage_ratio', 'CPU 사용률'],
  ['mem.used_ratio', '메모리 사용률'],
  ['fs.used_ratio', '디스크 사용률'],
  ['fs.inodes_used_ratio', 'inode 사용률'],
])

const reasons = new Map([
  ['recovered', '정상으로 회복'],
  ['gone', '대상이 사라짐'],
  ['check removed', '점검이 삭제됨'],
  ['rule removed', '규칙이 삭제됨'],
  ['rule changed', '규칙이 변경됨'],
  ['host forgotten', '호스트가 등록 해제됨'],
  ['heard again', '다시 수신됨'],
  ['sees again', '다시 감시 중'],
  ['stopped', '정상적으로 중지됨'],
  ['job removed', '작업이 삭제됨'],
])

export const korean: Words = {
  severity: { critical: '심각', warning: '경고', info: '알림' },
  occasion: {
    new: '발생',
    changed: '변경',
    resolved: '해소',
    repeated: '지속 중',
    escalated: '상위 보고',
    acked: '확인됨',
    flapping: '반복 발생',
    summary: '요약',
  },
  fleet: '전체',
  unknown: '알 수 없음',
  fact: factOf,
  since: (time) => `${time}부터`,
  more: (count) => `외 ${count}건`,
  ruleOn: (rule, host) => `${host ?? '전체'} ${rule}`,
  counts: (firing, resolved) =>
    [firing > 0 ? `발생 ${firing}건` : '', resolved > 0 ? `해소 ${resolved}건` : ''].filter((part) => part !== '').join(', '),
  level: (level, { respond, cause, recover }) => {
    const by = [respond && `대응 ${respond}`, cause && `원인 파악 ${cause}`, recover && `복구 ${recover}`].filter(Boolean)
    return `장애 ${level}등급${by.length === 0 ? '' : `: ${by.join(', ')}까지`}`
  },
  called: (contacts) => `담당: ${contacts.map(contactText).join(', ')}`,
  breach: { title: '서버 자원 경고', time: '시각' },
  backupDone: (name) => `백업 완료: \`${name}\``,
  backupDetail: (size, added, lasting) => `크기 ${size}${added === null ? '' : `, 새 데이터 ${added}`}, 소요 ${koreanDuration(lasting)}`,
  test: (channel, actor) => `채널 ${channel} 시험 메시지 (${actor}): Nightshift의 알림이 여기로 도착합니다`,
  footer: (timezone) => `시각 기준: ${timezone}. Nightshift가 보냈습니다.`,
  runbook: '대응 절차',
  takeOn: '담당하기',
  reason: (reason) => reasons.get(reason) ?? reason,
}

/** Behind what an alert says when it comes and goes. */
const flapping = '; it comes and goes; you hear of it again when it has settled'

function factOf(event: AlertEvent): string {
  const { host, labels, phase, summary, reason } = event
  if (summary.endsWith(flapping))
    return `${factOf({ ...event, summary: summary.slice(0, -flapping.length) })}; 발생과 해소를 반복하는 중이며 안정되면 다시 알림`
  const at = host ?? '전체'
  const isOver = phase === 'resolved'
  const fact = metricFactOf(event)
  if (fact !== null) {
    const { own, thing, value, threshold, direction, usual, lasting } = fact
    const name = `${own === null ? '' : `${own}: `}${at} ${nameOf(fact)}${thing === null ? '' : ` (${thing})`}`
    const bounds = [
      threshold === null ? '' : `기준 ${threshold} ${direction === 'above' ? '초과' : '미만'}`,
      usual ?? '',
      lasting === null ? '' : `${koreanDuration(lasting)} 지속`,
    ].filter((bound) => bound !== '')
    return isOver || bounds.length === 0 ? `${name} ${value}` : `${name} ${value} (${bounds.join(', ')})`
  }
  const check = labels['check']
  if (check === undefined) return koreanSentence(summary) ?? summary
  if (isOver) return reason === 'check removed' ? `${at} ${check} 점검이 삭제됨` : `${at} ${check} 정상`
  const failure = failureOf(event)
  return failure === null ? (koreanSentence(summary) ?? summary) : `${at} ${check} 점검 실패: ${failure}`
}

const takeWords: Readonly<Record<string, string>> = {
  avg: '평균',
  min: '최솟값',
  max: '최댓값',
  rate: '초당',
  increase: '증가량',
  delta: '변화량',
  count: '횟수',
}

function nameOf({ metric, per, how }: MetricFact): string {
  const [take = '', , over = ''] = how?.split(' ') ?? []
  const name = `${metricNames.get(metric) ?? metric}${per === null ? '' : ` / ${per}`}`
  return how === null ? name : `${name} ${koreanDuration(over)} ${takeWords[take] ?? take}`
}
