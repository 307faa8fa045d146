import { NightshiftError } from '@nightshift/shared/errors'
import type { HttpCheckConfig } from '../config.ts'
import { certificateDetail, judgeRemaining } from './certificates/certificate-age.ts'
import { failed, passed, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { explainConnectionError, explainTimeout, formatTarget } from '../network/connection-error.ts'
import { durationText } from '../duration-text.ts'
import { exchange, type HttpAnswer, type HttpQuestion, type Progress } from './exchange/http-exchange.ts'
import { authorization } from '../network/http-auth.ts'
import { judgeHeaders } from './exchange/http-headers.ts'
import { judgeJson } from './expectations/json-expectation.ts'
import { followRedirect } from './exchange/redirect.ts'
import { judgeText } from './expectations/text-expectation.ts'
import { chooseTls, type TlsChoice } from '../network/tls-choice.ts'

const maxRedirects = 5

/** A URL answers with the right status, headers and text, in time. */
export const httpCheck: CheckKind<'http'> = {
  kind: 'http',
  async run(config, options) {
    let question = firstQuestion(config)
    const { origin } = question.url
    let tls: TlsChoice | undefined
    for (let redirects = 0; ; redirects++) {
      const progress: Progress = { connected: false }
      try {
        tls ??= await chooseTls(config, options.host, options.signal)
        const isFirst = question.url.origin === origin
        // Our own certificate, and the name and address to ask for, are meant for the server that was named.
        const how = isFirst ? { tls, address: config.resolve } : { tls: await elsewhere(config, options), address: undefined }
        const answer = await exchange(question, { signal: options.signal, ...how }, progress)
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

async function elsewhere(config: HttpCheckConfig, { host, signal }: RunOptions): Promise<TlsChoice> {
  return await chooseTls({ insecure: config.insecure, ca_file: config.ca_file }, host, signal)
}

function firstQuestion(config: HttpCheckConfig): HttpQuestion {
  const isJson = config.body !== undefined && typeof config.body !== 'string'
  const headers = Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    url: new URL(config.url),
    method: config.method,
    headers: {
      'user-agent': 'nightshift',
      accept: '*/*',
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...authorization(config.auth),
      ...headers,
    },
    body: isJson ? JSON.stringify(config.body) : (config.body as string | undefined),
  }
}

function judge(config: HttpCheckConfig, url: URL, answer: HttpAnswer, redirects: number, elapsedMs: number): Outcome {
  const { status, body, isCut, certificateEndsMs } = answer
  const detail = {
    url: publicUrl(url),
    status,
    body_bytes: body.length,
    redirects,
    ...(certificateEndsMs === undefined ? {} : certificateDetail(certificateEndsMs)),
  }
  if (!config.expect_status.some(([from, to]) => status >= from && status <= to)) {
    return failed(`status ${status}, expected ${config.expect_status.map(formatRange).join(', ')}${hintOf(status)}`, detail)
  }
  const problem =
    judgeHeaders(config.expect_headers ?? {}, answer.headers) ??
    judgeText(config, body, 'the answer', isCut) ??
    (config.json === undefined ? undefined : judgeJson(config.json, body.toString(), 'the answer', isCut)) ??
    (certificateEndsMs === undefined || config.min_remaining === undefined
      ? undefined
      : judgeRemaining(certificateEndsMs, config.min_remaining, `the certificate of ${url.host}`))
  if (problem !== undefined) return failed(problem, detail)
  if (config.max_latency !== undefined && elapsedMs > config.max_latency) {
    return failed(`answered in ${durationText(elapsedMs)}, slower than the ${durationText(config.max_latency)} that are allowed`, detail)
  }
  return passed(detail)
}

function hintOf(status: number): string {
  if (status === 401) return ': look at `auth` of this check'
  return status === 429 ? ': the server wants fewer requests; a longer `every` helps' : ''
}

function explain(error: unknown, url: URL, progress: Progress, { signal, timeoutMs }: RunOptions): Outcome {
  if (error instanceof NightshiftError) return failed(error.message, { url: publicUrl(url) })
  const target = formatTarget(url.hostname, url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  const text = signal.aborted ? explainTimeout(target, timeoutMs, progress.connected) : explainConnectionError(error, target)
  return failed(text, { url: publicUrl(url) })
}

function formatRange([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}-${to}`
}
