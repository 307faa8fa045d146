import { describeError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { failed, passed, type CheckKind, type Outcome } from './check.ts'
import { askDns, type DnsAnswer } from '../network/dns-question.ts'
import { durationText } from '../duration-text.ts'

type DnsCheckConfig = Extract<CheckConfig, { kind: 'dns' }>

/** Answers shown in the detail. */
const maxShown = 20

/** A server of DNS knows a name, and gives the answers that it must. */
export const dnsCheck: CheckKind<'dns'> = {
  kind: 'dns',
  async run(config, options) {
    const { signal, timeoutMs } = options
    const asked = config.server ?? 'the servers of this machine'
    let answer: DnsAnswer
    try {
      answer = await askDns({ ...config, server: config.server }, signal, timeoutMs)
    } catch (error) {
      return failed(`the resolver of this machine cannot be used: ${describeError(error)}`)
    }
    const latencyMs = options.elapsedMs()
    if (answer.kind === 'silent') return failed(`${asked} ${answer.reason(durationText(timeoutMs))}`, { server: asked })
    const { answers } = answer
    const detail = { server: asked, answers: answers.slice(0, maxShown).join(', ').slice(0, 1024), count: answers.length }
    const problem = judge(config, answers, asked)
    if (problem !== undefined) return failed(problem, detail)
    return judgeLatency(config, latencyMs, asked, detail)
  },
}

function judge(config: DnsCheckConfig, answers: readonly string[], asked: string): string | undefined {
  const { name, record, expect = [], exact, expect_missing: isAbsenceWanted, min_answers: least } = config
  if (isAbsenceWanted) return answers.length === 0 ? undefined : `${asked} knows ${record} of ${name}, but must not`
  if (answers.length === 0) return `${asked} knows no ${record} of ${name}`
  if (answers.length < least) return `${asked} gives ${answers.length} answers for ${record} of ${name}, fewer than ${least}`
  const given = new Set(answers.map((answer) => normalize(answer, record)))
  const wanted = new Set(expect.map((answer) => normalize(answer, record)))
  const missing = expect.filter((answer) => !given.has(normalize(answer, record)))
  if (missing.length > 0) return `${record} of ${name} lacks ${missing.join(', ').slice(0, 400)}; ${asked} gives ${shorten(answers)}`
  const extra = exact ? answers.filter((answer) => !wanted.has(normalize(answer, record))) : []
  return extra.length === 0 ? undefined : `${record} of ${name} has ${shorten(extra)} besides what is expected`
}

function judgeLatency({ max_latency: most }: DnsCheckConfig, latencyMs: number, asked: string, detail: Outcome['detail']): Outcome {
  if (most === undefined || latencyMs <= most) return passed(detail)
  return failed(`${asked} answered in ${durationText(latencyMs)}, slower than the ${durationText(most)} that are allowed`, detail)
}

function shorten(answers: readonly string[]): string {
  return answers.slice(0, maxShown).join(', ').slice(0, 400)
}

/** Names differ neither by case nor by the dot of the root; texts do. */
function normalize(answer: string, record: DnsCheckConfig['record']): string {
  return record === 'TXT' || record === 'CAA' ? answer : answer.toLowerCase().replaceAll(/\.(?=\s|$)/g, '')
}
