import { koreanDuration } from './korean-duration.ts'

/** What a sentence is made of: the parts of it that are names, numbers and lengths of time, in their order. */
type Say = (...parts: string[]) => string

const length = String.raw`(\d[\d.hmsd]*)`

/**
 * The sentences that Nightshift itself says of hosts, services, backups, channels and drills, and how they are said in Korean. They come
 * in English on the bus, as everything does.
 */
const sentences: readonly (readonly [english: RegExp, korean: Say])[] = [
  [
    sentence(`(\\S+) is silent: nothing of its collector for ${length}(?:; its (.+) is still heard, so look at the collector first)?`),
    (host, long, others) => `${host} 응답 없음: 수집기 신호가 ${long} 동안 끊김${also(others)}`,
  ],
  [
    sentence(
      `the collector of (\\S+) was stopped ${length} ago and has not come back(?:; its (.+) is still heard, so look at the collector first)?`,
    ),
    (host, long, others) => `${host} 수집기가 ${long} 전에 중지된 뒤 돌아오지 않음${also(others)}`,
  ],
  [sentence(`(\\S+) is heard again, after ${length}`), (host, long) => `${host} 신호 회복 (${long} 만에)`],
  [sentence(`(\\S+) is not watched for silence any more`), (host) => `${host} 무응답 감시 해제`],
  [
    sentence(`the (\\S+) on (\\S+) is silent: no heartbeat for ${length}, and the host is heard`),
    (service, host, long) => `${host} ${service} 서비스 응답 없음: 하트비트가 ${long} 동안 끊김 (호스트 신호는 있음)`,
  ],
  [sentence(`the (\\S+) on (\\S+) is heard again`), (service, host) => `${host} ${service} 서비스 신호 회복`],
  [sentence(`the (\\S+) on (\\S+) was stopped in good order`), (service, host) => `${host} ${service} 서비스 정상 종료`],
  [
    sentence(`the backup (\\S+) of (\\S+) is late: it was due ${length} ago`),
    (job, host, long) => `${host} 백업 ${job} 지연: 예정보다 ${long} 늦음`,
  ],
  [sentence(`the backup (\\S+) of (\\S+) is not late any more`), (job, host) => `${host} 백업 ${job} 지연 해소`],
  [sentence(`the backup (\\S+) of (\\S+) is done: (\\S+)`), (job, host, name) => `${host} 백업 ${job} 완료: ${name}`],
  [sentence(`there is no backup (\\S+) of (\\S+) any more`), (job, host) => `${host} 백업 ${job} 작업이 삭제됨`],
  [
    sentence(`(\\d+) of (\\d+) hosts are silent at once: (.*?); look at .*`),
    (count, all, names) => `호스트 ${all}대 중 ${count}대가 동시에 응답 없음: ${names}; 네트워크와 버스부터 확인 (다른 알림은 그대로 유지)`,
  ],
  [
    sentence(`the hosts are heard again, after ${length}(?:; not yet: (.*))?`),
    (long, names) => `호스트 신호 회복 (${long} 만에)${names === '' ? '' : `; 아직 없음: ${names}`}`,
  ],
  [
    sentence(`nobody watched for ${length}: the alerter or the bus was down.*`),
    (long) => `${long} 동안 감시 중단: alerter 또는 버스가 내려가 있었음. 그동안의 기록을 지금 읽는 중`,
  ],
  [
    sentence('the alerter does not see: .*'),
    () => '감시 불가: 자신의 하트비트도 돌아오지 않거나 크게 뒤처져 있음. 알림은 그대로 유지되고 새 문제는 감지되지 않음',
  ],
  [
    sentence(`the alerter sees again; the last ${length} were not watched, or not fully`),
    (long) => `감시 재개; 최근 ${long} 동안은 감시되지 않았거나 일부만 감시됨`,
  ],
  [sentence('the channel (\\S+) cannot deliver: (.*)'), (channel, error) => `채널 ${channel} 전송 불가: ${error}`],
  [sentence('the channel (\\S+) delivers again'), (channel) => `채널 ${channel} 전송 회복`],
  [
    sentence('this is a test message: confirm with `nightshift ack` that you have read it'),
    () => '알림 훈련: 실제 장애가 아닌 시험 메시지입니다. 읽었으면 `nightshift ack`로 확인해 주세요',
  ],
  [sentence('the test message was confirmed by (.*)'), (who) => `훈련 메시지 확인됨: ${who}`],
  [sentence('the test message is over: nobody confirmed it'), () => '훈련 메시지 종료: 아무도 확인하지 않음'],
  [
    sentence('nobody confirmed the test message within (\\d+) min: do alerts reach you\\?'),
    (minutes) => `${minutes}분 안에 아무도 훈련 메시지를 확인하지 않음: 알림이 도착하고 있습니까?`,
  ],
  [sentence('a test message was confirmed again'), () => '훈련 메시지가 다시 확인됨'],
  [sentence('the dead-man ping failed (\\d+) times in a row: (.*)'), (count, why) => `데드맨 핑이 연속 ${count}번 실패: ${why}`],
  [sentence('the dead-man ping arrives again'), () => '데드맨 핑 회복'],
  [
    sentence(`(\\S+)(?: on (\\S+))? has not been heard of for ${length}`),
    (what, host, long) => `${at(host)}${what} 소식 없음 (${long} 동안)`,
  ],
  [sentence('(\\S+)(?: on (\\S+))? is heard of again'), (what, host) => `${at(host)}${what} 다시 수신됨`],
  [sentence('([a-z_]+\\.[a-z0-9_]+)(?: of (\\S+))? on (\\S+) is gone'), (metric, thing, host) => `${host} ${metric}${of(thing)} 사라짐`],
]

/** A sentence of Nightshift in Korean; undefined when it is none that is known. */
export function koreanSentence(english: string): string | undefined {
  for (const [pattern, say] of sentences) {
    const match = pattern.exec(english)
    if (match !== null) return say(...Array.from(match.slice(1), (part: string | undefined) => koreanDuration(part ?? '')))
  }
  return undefined
}

function sentence(source: string): RegExp {
  return new RegExp(`^${source}$`)
}

function also(services: string): string {
  return services === '' ? '' : `; ${services.replaceAll(' and ', ', ')} 신호는 있으니 수집기부터 확인`
}

function at(host: string): string {
  return host === '' ? '' : `${host} `
}

function of(thing: string): string {
  return thing === '' ? '' : ` (${thing})`
}
