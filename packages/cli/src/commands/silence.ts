import { isoTime } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import { formatMatcher, parseMatcher, type Matcher } from '@nightshift/alerter/silence/matcher'
import type { Silence } from '@nightshift/alerter/silence/silence'
import { actorOf, askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'
import { readDuration } from './time-flags.ts'

const usage = `nightshift silence add MATCHER... --for 2h [--comment TEXT] [--start TIME] [--actor NAME] [--until-resolved]
       nightshift silence list [--all]
       nightshift silence end ID
       ... [--json] [--data DIR | --nats URL]
  MATCHER is NAME=VALUE or NAME!=VALUE; * stands for anything. Names: host, rule, severity, alert, or any label.
  All of them must match, for example: nightshift silence add host=db-* severity!=critical --for 2h --comment "new disks"
  --until-resolved  ends with what it silences, at the latest after --for`

const options = {
  ...operatorFlags,
  for: { type: 'string' },
  start: { type: 'string' },
  comment: { type: 'string', default: '' },
  actor: { type: 'string' },
  'until-resolved': { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** Keeps quiet about alerts for a while. */
export const silence: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [verb, ...rest] = positionals
    const show = (all: readonly Silence[]): void => {
      if (values.json) terminal.out(JSON.stringify(all))
      else for (const each of all) terminal.out(describe(each, Date.now()))
    }
    if (verb === 'list' && rest.length === 0) {
      const { silences } = await askAlerter<{ silences: Silence[] }>(values, terminal, 'silences')
      const shown = values.all ? silences : silences.filter(({ end_ms: endMs }) => endMs > Date.now())
      if (shown.length === 0 && !values.json) terminal.out('no silences')
      else show(shown)
    } else if (verb === 'end' && rest.length === 1) {
      const ended = await askAlerter<Silence>(values, terminal, 'unsilence', { id: rest[0] })
      show([ended])
    } else if (verb === 'add' && rest.length > 0) {
      if (values.for === undefined) throw new ConfigError('usage', 'say for how long: --for 2h')
      const request = {
        matchers: rest.map(readMatcher),
        duration_seconds: readDuration('--for', values.for) / 1000,
        creator: values.actor ?? actorOf(terminal),
        comment: values.comment,
        until_resolved: values['until-resolved'],
        ...(values.start === undefined ? {} : { start_time: readTime(values.start) }),
      }
      show([await askAlerter<Silence>(values, terminal, 'silence', request)])
    } else throw new ConfigError('usage', `say what to do: add, list or end\nusage: ${usage}`)
    return 0
  },
}

function describe(
  { id, matchers, start_ms: startMs, end_ms: endMs, creator, comment, until_resolved: untilResolved }: Silence,
  nowMs: number,
): string {
  const times =
    endMs <= nowMs
      ? `ended ${isoTime(endMs)}`
      : startMs > nowMs
        ? `from ${isoTime(startMs)} until ${isoTime(endMs)}`
        : `until ${isoTime(endMs)}${untilResolved ? ', or until what it silences is resolved' : ''}`
  return `${id}  ${matchers.map(formatMatcher).join(' ')}  ${times}  by ${creator}${comment === '' ? '' : `: ${comment}`}`
}

function readMatcher(text: string): Matcher {
  const matcher = parseMatcher(text)
  if (matcher === undefined)
    throw new ConfigError('usage', `"${text}" matches nothing; write NAME=VALUE, for example host=db-*\nusage: ${usage}`)
  return matcher
}

function readTime(text: string): string {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new ConfigError('usage', `--start ${text}: write a time, for example 2026-01-31T22:00:00Z`)
  return isoTime(ms)
}
