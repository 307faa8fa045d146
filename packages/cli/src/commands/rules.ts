import { ConfigError } from '@nightshift/shared/errors'
import type { Explanation } from '@nightshift/alerter/explain/explain-alert'
import { askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { describeExplanation } from '../rules/explain-rules.ts'
import { replayRules } from '../rules/replay-rules.ts'
import { testRules } from '../rules/test-rules.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift rules test FILE... [--config FILE] [--run PATTERN] [--junit FILE]
       nightshift rules replay [RECORDING] [--from 6h] [--to TIME] [--config FILE] [--json] [--data DIR | --nats URL]
       nightshift rules explain ALERT [--json] [--data DIR | --nats URL]
  test     runs tests of rules, routes, mutes and messages on a fake clock (docs/rules-test.md)
  replay   says whom the rules of a configuration would have told, on a file of nightshift record or on what the streams hold
  explain  says why people hear, or do not hear, of an alert`

const options = {
  ...operatorFlags,
  config: { type: 'string' },
  run: { type: 'string' },
  junit: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** Tries rules before they are in force, and explains what they did. */
export const rules: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [verb, ...rest] = positionals
    if (verb === 'test' && rest.length > 0) return await testRules(rest, values, terminal)
    if (verb === 'replay' && rest.length <= 1) return await replayRules(rest[0], values, terminal)
    if (verb === 'explain' && rest.length === 1) {
      const explained = await askAlerter<Explanation>(values, terminal, 'explain', { alert: rest[0] })
      if (values.json) terminal.out(JSON.stringify(explained))
      else for (const line of describeExplanation(explained)) terminal.out(line)
      return 0
    }
    throw new ConfigError('usage', `say what to do: test, replay or explain\nusage: ${usage}`)
  },
}
