import { z } from 'zod'
import type { ChannelConfig } from '../registry.ts'
import { slackChannel } from '../slack.ts'

type ChannelConfigs = Record<string, ChannelConfig>

/**
 * `SLACK_WEBHOOK_URL` in the environment is enough to switch Slack on: it adds a channel of the name `slack`, unless the configuration has one
 * of that kind or name.
 */
export function withSlackOf(
  env: Readonly<Record<string, string | undefined>>,
  configs: ChannelConfigs,
  context: z.core.$RefinementCtx,
): ChannelConfigs {
  const url = env['SLACK_WEBHOOK_URL']?.trim() ?? ''
  if (url === '' || 'slack' in configs || Object.values(configs).some(({ kind }) => kind === 'slack')) return configs
  const slack = slackChannel.schema.safeParse({ kind: 'slack', webhook_url: url })
  if (slack.success) return { ...configs, slack: slack.data }
  context.issues.push({
    code: 'custom',
    message: 'cannot take SLACK_WEBHOOK_URL of the environment: it holds no address',
    params: { hint: 'it begins with https://; unset it if Slack is not wanted' },
    // Not its value: the address of a webhook is a secret.
    input: undefined,
  })
  return z.NEVER
}
