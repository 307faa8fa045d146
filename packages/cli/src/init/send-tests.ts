import { OpenChannels } from '@nightshift/alerter/channels/open-channels'
import { testEndpoint } from '@nightshift/alerter/channels/test-endpoint'
import type { AlerterConfig } from '@nightshift/alerter/config'
import { textsOf } from '@nightshift/alerter/texts/texts'
import { timezoneOf } from '@nightshift/alerter/timezone'
import { systemClock } from '@nightshift/shared/clock'
import type { BaseConfig } from '@nightshift/shared/config/base'
import { createLog } from '@nightshift/shared/service/log'
import { version } from '../version.ts'

export interface SentTest {
  readonly channel: string
  /** null: it was taken. */
  readonly error: string | null
}

/** Sends a test message by every channel but the log, without an alerter that runs. */
export async function sendTests(base: BaseConfig, config: AlerterConfig, host: string, actor: string): Promise<SentTest[]> {
  const zone = timezoneOf(base)
  const log = createLog({ service: 'init', host, write: () => undefined })
  const channels = new OpenChannels({ clock: systemClock, log, version, locale: base.locale, timezone: zone }, config.channels)
  const endpoint = testEndpoint({ channels, clock: systemClock, source: `alerter@${host}`, texts: textsOf(base.locale, zone) })
  const sent: SentTest[] = []
  try {
    for (const { name, kind } of channels.all) {
      if (kind === 'log') continue
      const { error } = (await endpoint.handle({ channel: name, actor })) as { error: string | null }
      sent.push({ channel: name, error })
    }
  } finally {
    channels.close()
  }
  return sent
}
