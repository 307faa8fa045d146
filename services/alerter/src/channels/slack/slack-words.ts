import type { ChannelContext } from '../channel.ts'

/** What only Slack says: its buttons, and what it answers to whoever presses one. */
export interface SlackWords {
  readonly ack: string
  readonly silence: string
  readonly host: string
  readonly ackedBy: (actor: string, until: string | null) => string
  readonly silencedBy: (user: string, until: string) => string
  readonly notAllowed: string
  readonly over: string
  readonly failed: string
}

const english: SlackWords = {
  ack: 'Ack',
  silence: 'Silence 1h',
  host: 'Host',
  ackedBy: (actor, until) => `Acknowledged by ${actor}${until === null ? '' : ` until ${until}`}`,
  silencedBy: (user, until) => `🔕 Silenced by ${user} until ${until}`,
  notAllowed: 'You are not among the users who may do this; whoever runs Nightshift can add you to `buttons.users`.',
  over: 'Nothing of this fires any more.',
  failed: 'That did not work just now; press again, or use the command line: `nightshift ack`.',
}

const korean: SlackWords = {
  ack: '확인',
  silence: '1시간 무음',
  host: '호스트',
  ackedBy: (actor, until) => `${actor} 님이 ${until === null ? '' : `${until}까지 `}확인함`,
  silencedBy: (user, until) => `🔕 ${user} 님이 ${until}까지 무음 처리함`,
  notAllowed: '이 작업을 할 수 있는 사용자가 아닙니다. Nightshift 관리자가 `buttons.users`에 추가할 수 있습니다.',
  over: '이미 모두 해소되었습니다.',
  failed: '지금은 처리하지 못했습니다. 다시 누르거나 명령줄을 사용하세요: `nightshift ack`.',
}

export function slackWordsOf(locale: ChannelContext['locale']): SlackWords {
  return locale === 'ko' ? korean : english
}
