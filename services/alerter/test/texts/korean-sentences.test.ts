import { describe, expect, it } from 'vitest'
import { exampleEvent } from '../example-notification.ts'
import type { HostSeen, Moment } from '../../src/presence/host-seen.ts'
import * as sentences from '../../src/presence/sentences.ts'
import { koreanSentence } from '../../src/texts/korean-sentences.ts'
import { textsOf } from '../../src/texts/texts.ts'

const at = { wallMs: 3_600_000, monotonicMs: 3_600_000 } as unknown as Moment
const host = (name: string, stoppedWallMs: number | null = null): HostSeen =>
  ({ host: name, heardWallMs: at.wallMs - 90_000, stoppedWallMs }) as unknown as HostSeen
const many = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6'].map((name) => host(name))

/** Every sentence that watching hosts comes to, as its own code says it. */
const said: readonly (readonly [verdict: { detail: string }, korean: string])[] = [
  [sentences.hostSilent(host('db-1'), at, []), 'db-1 응답 없음: 수집기 신호가 1분 30초 동안 끊김'],
  [
    sentences.hostSilent(host('db-1'), at, ['healer', 'backup']),
    'db-1 응답 없음: 수집기 신호가 1분 30초 동안 끊김; healer, backup 신호는 있으니 수집기부터 확인',
  ],
  [sentences.hostSilent(host('db-1', 0), at, []), 'db-1 수집기가 1시간 전에 중지된 뒤 돌아오지 않음'],
  [sentences.hostBack(host('db-1'), at), 'db-1 신호 회복 (1분 30초 만에)'],
  [
    sentences.serviceSilent('db-1', 'healer', at.wallMs - 45_000, at),
    'db-1 healer 서비스 응답 없음: 하트비트가 45초 동안 끊김 (호스트 신호는 있음)',
  ],
  [sentences.serviceBack('db-1', 'healer', at), 'db-1 healer 서비스 신호 회복'],
  [sentences.serviceStopped('db-1', 'healer', at), 'db-1 healer 서비스 정상 종료'],
  [sentences.jobLate('db-1', 'nightly', 0, at), 'db-1 백업 nightly 지연: 예정보다 1시간 늦음'],
  [sentences.jobDone('db-1', 'nightly', at), 'db-1 백업 nightly 지연 해소'],
  [sentences.jobGone('db-1', 'nightly', at), 'db-1 백업 nightly 작업이 삭제됨'],
  [
    sentences.massSilence(many, 9, 0),
    '호스트 9대 중 6대가 동시에 응답 없음: web-1, web-2, web-3, web-4, web-5 and 1 more; 네트워크와 버스부터 확인 (다른 알림은 그대로 유지)',
  ],
  [sentences.massOver([], 0, at), '호스트 신호 회복 (1시간 만에)'],
  [sentences.massOver([host('web-2')], 0, at), '호스트 신호 회복 (1시간 만에); 아직 없음: web-2'],
  [sentences.notWatched('db-1', at), 'db-1 무응답 감시 해제'],
  [sentences.blindThen(0, at), '1시간 동안 감시 중단: alerter 또는 버스가 내려가 있었음. 그동안의 기록을 지금 읽는 중'],
  [sentences.blindNow(0), '감시 불가: 자신의 하트비트도 돌아오지 않거나 크게 뒤처져 있음. 알림은 그대로 유지되고 새 문제는 감지되지 않음'],
  [sentences.seesAgain(0, at), '감시 재개; 최근 1시간 동안은 감시되지 않았거나 일부만 감시됨'],
]

describe('what Nightshift says of hosts', () => {
  it.each(said)('%#: is Korean too', ({ detail }, korean) => {
    expect(koreanSentence(detail)).toBe(korean)
  })

  it('has no sentence without its Korean', () => {
    const makers = Object.values(sentences).filter((value) => typeof value === 'function')
    const heard = new Set(said.map(([{ detail }]) => detail.replaceAll(/\d+/g, '')))
    expect(heard.size).toBeGreaterThanOrEqual(makers.length)
  })
})

describe('what Nightshift says of itself', () => {
  const ko = textsOf('ko', 'Asia/Seoul')
  const plain = { host: null, value: null, threshold: null, labels: {} }

  it.each([
    ['the channel mail cannot deliver: 550 no such user', '채널 mail 전송 불가: 550 no such user'],
    ['the channel mail delivers again', '채널 mail 전송 회복'],
    [
      'this is a test message: confirm with `nightshift ack` that you have read it',
      '알림 훈련: 실제 장애가 아닌 시험 메시지입니다. 읽었으면 `nightshift ack`로 확인해 주세요',
    ],
    [
      'nobody confirmed the test message within 30 min: do alerts reach you?',
      '30분 안에 아무도 훈련 메시지를 확인하지 않음: 알림이 도착하고 있습니까?',
    ],
    ['the dead-man ping failed 3 times in a row: x.example answered 503', '데드맨 핑이 연속 3번 실패: x.example answered 503'],
    ['backup.age_seconds on db-1 has not been heard of for 1h30m', 'db-1 backup.age_seconds 소식 없음 (1시간 30분 동안)'],
    ['cpu.usage_ratio on db-1 is gone', 'db-1 cpu.usage_ratio 사라짐'],
    ['Order a disk', 'Order a disk'],
  ])('%s', (summary, korean) => {
    expect(ko.fact(exampleEvent({ ...plain, summary }))).toBe(korean)
  })

  it('keeps what an alert says when it comes and goes', () => {
    const summary = 'cpu.usage_ratio on web-1 is 93%, above 85%; it comes and goes; you hear of it again when it has settled'
    expect(ko.fact(exampleEvent({ summary }))).toBe(
      'web-1 CPU 사용률 93% (기준 85% 초과); 발생과 해소를 반복하는 중이며 안정되면 다시 알림',
    )
  })
})
