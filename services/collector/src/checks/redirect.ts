import { ContractError } from '@nightshift/shared/errors'
import type { HttpAnswer, HttpQuestion } from './http-exchange.ts'

const redirects = new Set([301, 302, 303, 307, 308])
/** Meant for the server that was named, and for no other. */
const privateHeaders = new Set(['authorization', 'cookie', 'proxy-authorization', 'host', 'x-api-key'])

/** Where an answer sends us, or undefined when it is no redirect. Throws ContractError when it sends us nowhere. */
export function followRedirect(question: HttpQuestion, answer: Pick<HttpAnswer, 'status' | 'location'>): HttpQuestion | undefined {
  if (!redirects.has(answer.status) || answer.location === undefined) return undefined
  const url = URL.parse(answer.location, question.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ContractError('bad_redirect', `it redirects to "${answer.location.slice(0, 200)}", which is no http address`)
  }
  const becomesGet = answer.status === 303 ? question.method !== 'HEAD' : answer.status < 303 && question.method === 'POST'
  const isElsewhere = url.origin !== question.url.origin
  const kept = Object.entries(question.headers).filter(
    ([name]) => !(isElsewhere && privateHeaders.has(name)) && !(becomesGet && name.startsWith('content-')),
  )
  return {
    url,
    method: becomesGet ? 'GET' : question.method,
    headers: Object.fromEntries(kept),
    body: becomesGet ? undefined : question.body,
  }
}
