/** What `nightshift init` is told, however it was asked. */
export interface Answers {
  readonly host: string
  readonly locale: 'en' | 'ko'
  /** IANA name. */
  readonly timezone: string
  readonly slack: SlackAnswer | null
  readonly email: EmailAnswer | null
  readonly sms: SmsAnswer | null
  readonly backupPaths: readonly string[]
}

export type SlackAnswer = { readonly webhookUrl: string } | { readonly botToken: string; readonly channel: string }

export interface EmailAnswer {
  readonly url: string
  readonly user: string | null
  readonly password: string | null
  readonly from: string
  readonly to: readonly string[]
}

export interface SmsAnswer {
  /** Of the provider; {phone}, {text} and {token} are filled in. */
  readonly url: string
  readonly body: string
  readonly token: string | null
  readonly to: readonly string[]
}

/** A body that many providers take as it is. */
export const usualSmsBody = '{"to": "{phone}", "text": "{text}"}'
