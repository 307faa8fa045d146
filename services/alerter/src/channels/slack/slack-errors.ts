import { ChannelError } from '../channel.ts'

/** The message that was to be edited is not there, or not editable any more: a new one takes its place. */
export const goneCodes: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'channel_not_found',
  'thread_not_found',
])

/** Errors of the platform that go away by themselves. */
const passing = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org', 'ratelimited'])
/** Nobody can silence us for longer. */
const longestPauseSeconds = 3600
const passingStatuses = new Set([408, 425, 429])

const hints: ReadonlyMap<string, string> = new Map([
  ...['invalid_auth', 'not_authed', 'token_revoked', 'token_expired', 'account_inactive'].map(
    (code) =>
      [code, 'the bot token is wrong or no longer valid; it begins with xoxb- and stands in the app under OAuth & Permissions'] as const,
  ),
  ['missing_scope', 'give the app the scope chat:write (and chat:write.public for channels that it is not in), and install it again'],
  ['channel_not_found', 'there is no such channel, or the bot is not in it; write its id (C…), and invite the bot to it'],
  ['not_in_channel', 'invite the bot to the channel: /invite @…'],
  ['is_archived', 'the channel is archived; configure another one'],
])

/** What the library throws, as an error of a channel. Never says an address or a token. */
export function slackErrorOf(error: unknown, method: string): ChannelError {
  const { code, data, retryAfter, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown
    data?: { error?: unknown; response_metadata?: { messages?: unknown } }
    retryAfter?: unknown
    statusCode?: unknown
  }
  switch (code) {
    case 'slack_webapi_platform_error': {
      const name = typeof data?.error === 'string' ? data.error : 'unknown_error'
      const hint = hints.get(name)
      return new ChannelError(name, `Slack refuses ${method}: ${name}${hint === undefined ? detailOf(data) : `; ${hint}`}`, {
        transient: passing.has(name),
      })
    }
    case 'slack_webapi_rate_limited_error': {
      const seconds = Math.min(longestPauseSeconds, typeof retryAfter === 'number' ? retryAfter : 1)
      return new ChannelError('ratelimited', `Slack takes no more for ${seconds} s`, { transient: true, retryAfterMs: seconds * 1000 })
    }
    case 'slack_webapi_http_error': {
      const status = typeof statusCode === 'number' ? statusCode : 0
      return new ChannelError(`http_${status}`, `Slack answered ${method} with status ${status}`, {
        transient: status >= 500 || passingStatuses.has(status),
      })
    }
    default:
      return new ChannelError('unreachable', `Slack did not answer ${method}`, { transient: true, cause: error })
  }
}

/** What Slack finds wrong with the blocks. */
function detailOf(data: { response_metadata?: { messages?: unknown } } | undefined): string {
  const messages = data?.response_metadata?.messages
  return Array.isArray(messages) && typeof messages[0] === 'string' ? `: ${messages[0].slice(0, 200)}` : ''
}
