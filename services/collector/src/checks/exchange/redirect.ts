import { ContractError } from '@nightshift/shared/errors'
import type { HttpAnswer, HttpQuestion } from './http-exchange.ts'

const redirects = new Set([301, 302, 303, 307, 308])
/** All that goes to another server than the one that was named: any other header may be a secret meant for that one. */
const harmlessHeaders = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent', 'content-type'])

/** Where an answer sends us, or undefined when it is no redirect. Throws ContractError when it sends us nowhere. */
export function followRedirect(question: HttpQuestion, answer: Pick<HttpAnswer, 'status' | 'location'>): HttpQuestion | undefined {
  if (!redirects.has(answer.status) || answer.location === undefined) return undefined
  const url = URL.parse(answer.location, question.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ContractError('bad_redirect', `it redirects to "${answer.location.slice(0, 200)}", which is no http address`)
  }
  const becomesGet = answer.status === 303 ? question.method !== 'HEAD' : answer.status < 303 && question.method === 'POST'
  const isElsewhere = url.origin !== question.url.origin && !isUpgrade(question.url, url)
  const kept = Object.entries(question.headers).filter(
    ([name]) => (!isElsewhere || harmlessHeaders.has(name)) && !(becomesGet && name.startsWith('content-')),
  )
  if (isElsewhere && !becomesGet && question.body !== undefined)
    throw new ContractError(
      'bad_redirect',
      `it redirects the body to ${url.origin}, another server; write that address if it is meant to have it`,
    )
  return {
    url,
    method: becomesGet ? 'GET' : question.method,
    headers: Object.fromEntries(kept),
    body: becomesGet ? undefined : question.body,
  }
}

/** The same server, now by TLS. */
function isUpgrade(from: URL, to: URL): boolean {
  return from.protocol === 'http:' && to.protocol === 'https:' && from.hostname === to.hostname && from.port === '' && to.port === ''
}
