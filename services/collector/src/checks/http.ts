import { ContractError } from '@nightshift/shared/errors'
import type { HttpCheckConfig } from '../config.ts'
import { failed, passed, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { explainConnectionError, explainTimeout, formatTarget } from './connection-error.ts'
import { durationText } from './duration-text.ts'
import { exchange, maxBodyBytes, type HttpAnswer, type HttpQuestion, type Progress } from './http-exchange.ts'
import { followRedirect } from './redirect.ts'

const maxRedirects = 5

/** A URL answers with the right status, in time, and with the right text. */
export const httpCheck: CheckKind<'http'> = {
  kind: 'http',
  async run(config, options) {
    let question = firstQuestion(config)
    for (let redirects = 0; ; redirects++) {
      const progress: Progress = { connected: false }
      try {
        const answer = await exchange(question, { signal: options.signal, insecure: config.insecure }, progress)
        const next = config.follow_redirects ? followRedirect(question, answer) : undefined
        if (next === undefined) return judge(config, question.url, answer, redirects, options.elapsedMs())
        if (redirects === maxRedirects)
          return failed(`more than ${maxRedirects} redirects, the last one to ${publicUrl(next.url)}`, { url: publicUrl(question.url) })
        question = next
      } catch (error) {
        return explain(error, question.url, progress, options)
      }
    }
  },
}

/** A URL without what may be secret in it: user, password and query. */
export function publicUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`.slice(0, 1024)
}

function firstQuestion(config: HttpCheckConfig): HttpQuestion {
  const isJson = config.body !== undefined && typeof config.body !== 'string'
  const headers = Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    url: new URL(config.url),
    method: config.method,
    headers: { 'user-agent': 'nightshift', accept: '*/*', ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
    body: isJson ? JSON.stringify(config.body) : (config.body as string | undefined),
  }
}

function judge(config: HttpCheckConfig, url: URL, answer: HttpAnswer, redirects: number, elapsedMs: number): Outcome {
  const detail = { url: publicUrl(url), status: answer.status, body_bytes: answer.body.length, redirects }
  if (!config.expect_status.some(([from, to]) => answer.status >= from && answer.status <= to)) {
    return failed(`status ${answer.status}, expected ${config.expect_status.map(formatRange).join(', ')}`, detail)
  }
  if (config.contains !== undefined && !answer.body.includes(config.contains)) {
    const where = answer.isCut ? `the first ${maxBodyBytes} bytes of the answer do` : 'the answer does'
    return failed(`${where} not contain "${config.contains.slice(0, 200)}"`, detail)
  }
  if (config.max_latency !== undefined && elapsedMs > config.max_latency) {
    return failed(`answered in ${durationText(elapsedMs)}, slower than the ${durationText(config.max_latency)} that are allowed`, detail)
  }
  return passed(detail)
}

function explain(error: unknown, url: URL, progress: Progress, { signal, timeoutMs }: RunOptions): Outcome {
  if (error instanceof ContractError) return failed(error.message, { url: publicUrl(url) })
  const target = formatTarget(url.hostname, url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  const text = signal.aborted ? explainTimeout(target, timeoutMs, progress.connected) : explainConnectionError(error, target)
  return failed(text, { url: publicUrl(url) })
}

function formatRange([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}-${to}`
}
