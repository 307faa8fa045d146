import type { IncomingMessage, ServerResponse } from 'node:http'
import { pathOf, send } from '@nightshift/shared/service/http-server'
import { json } from '@nightshift/shared/service/probe'
import { isSignedBySlack } from './slack-signature.ts'

/** Slack sends the whole message along. */
const maxBodyBytes = 256 * 1024

interface Options<App> {
  readonly nowMs: () => number
  /** Each app with its signing secret; when there is none, the path does not exist. */
  readonly apps: () => readonly { readonly secret: string; readonly app: App }[]
  /** Begins the work; false when there is too much of it. */
  readonly take: (payload: unknown, apps: readonly App[]) => boolean
}

/** `POST /slack/actions`: presses of buttons, signed by Slack. It is answered at once, for Slack waits 3 s; the work comes after. */
export async function handleSlackHttp<App>(request: IncomingMessage, response: ServerResponse, options: Options<App>): Promise<boolean> {
  const apps = options.apps()
  if (pathOf(request) !== '/slack/actions' || apps.length === 0) return false
  const refuse = (status: number, error: string, message: string): true => {
    response.setHeader('connection', 'close')
    send(response, json(status, { error, message }))
    return true
  }
  if (request.method !== 'POST') return refuse(405, 'method_not_allowed', 'Slack sends POST here')
  const body = await readBody(request)
  if (body === undefined) return refuse(413, 'too_large', `a request may have ${maxBodyBytes} bytes`)
  const signed = { body, timestamp: headerOf(request, 'x-slack-request-timestamp'), signature: headerOf(request, 'x-slack-signature') }
  const nowMs = options.nowMs()
  const verified = apps.filter(({ secret }) => isSignedBySlack(secret, signed, nowMs)).map(({ app }) => app)
  if (verified.length === 0) return refuse(401, 'bad_signature', 'the signature is missing, wrong, or older than 5 minutes')
  const payload = payloadOf(body)
  if (payload === undefined) return refuse(400, 'bad_request', 'there is no payload')
  if (!options.take(payload, verified)) return refuse(503, 'busy', 'too many presses at once; try again')
  response.writeHead(200, { 'content-length': 0 }).end()
  return true
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function payloadOf(body: Buffer): unknown {
  const text = new URLSearchParams(body.toString('utf8')).get('payload')
  try {
    return text === null ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

/** undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
