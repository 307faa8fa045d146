import { ConfigError } from '@nightshift/shared/errors'
import { actorOf, askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift notify test CHANNEL [--json] [--data DIR | --nats URL]
  Sends a test message by a channel of the running alerter and says what became of it; exit code 1 when it was not taken`

/** Whether a channel works. */
export const notify: Command = {
  usage,
  run: async (args, terminal) => {
    const options = { ...operatorFlags, json: { type: 'boolean', default: false } } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [verb, channel, ...rest] = positionals
    if (verb !== 'test' || channel === undefined || rest.length > 0) throw new ConfigError('usage', `say which channel\nusage: ${usage}`)
    const answer = await askAlerter<TestAnswer>(values, terminal, 'test-channel', { channel, actor: actorOf(terminal) })
    if (values.json) terminal.out(JSON.stringify(answer))
    else terminal.out(describe(channel, answer))
    return answer.ok ? 0 : 1
  },
}

interface TestAnswer {
  ok: boolean
  latency_seconds?: number | null
  error?: string | null
}

function describe(channel: string, { ok, latency_seconds: latency, error }: TestAnswer): string {
  if (!ok) return `${channel} did not take the test message: ${error ?? 'no reason given'}`
  return `${channel} took the test message${latency == null ? '' : ` in ${(latency * 1000).toFixed(0)} ms`}`
}
