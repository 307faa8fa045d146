import { describe, expect, it } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { createLog } from '@nightshift/shared/service/log'
import { logChannel } from '../../src/channels/log.ts'
import { exampleNotification } from '../example-notification.ts'

async function written(change: Parameters<typeof exampleNotification>[0], form: 'json' | 'people'): Promise<string> {
  let line = ''
  const log = createLog({ service: 'alerter', host: 'hub', form, write: (text) => (line += text) })
  const channel = logChannel.open({ kind: 'log' }, { log, clock: systemClock, version: '1.2.3', locale: 'en', timezone: 'UTC' })
  await channel.send(exampleNotification(change), 1, new AbortController().signal)
  return line
}

describe('the log channel', () => {
  it('writes every fact as a field, and one sentence for people', async () => {
    const entry: unknown = JSON.parse(await written({}, 'json'))
    expect(entry).toMatchObject({
      level: 'WARNING',
      message: 'warning: cpu.usage_ratio on web-1 is 93%, above 85% for 5m',
      rule: 'cpu-high',
      alert_host: 'web-1',
      phase: 'firing',
      correlation_id: '01JD0000000000000000000002',
      runbook: 'docs/runbooks/cpu-high.md',
    })
    expect(await written({}, 'people')).toContain('warning: cpu.usage_ratio on web-1 is 93%, above 85% for 5m')
  })

  it.each([
    ['firing', 'critical', 'ERROR'],
    ['firing', 'warning', 'WARNING'],
    ['resolved', 'critical', 'INFO'],
  ] as const)('writes %s %s as %s', async (phase, severity, level) => {
    expect(JSON.parse(await written({ phase, severity }, 'json'))).toMatchObject({ level })
  })
})
