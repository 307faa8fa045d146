import { WebSocket } from 'ws'
import { NightshiftError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { failed, passed, type CheckKind, type Outcome, type RunOptions } from './check.ts'
import { explainConnectionError, explainTimeout, formatTarget } from '../network/connection-error.ts'
import { durationText } from '../duration-text.ts'
import { publicUrl } from './http.ts'
import { authorization } from '../network/http-auth.ts'
import { judgeJson } from './expectations/json-expectation.ts'
import { sharedLookup } from '../network/shared-lookup.ts'
import { judgeText } from './expectations/text-expectation.ts'
import { chooseTls } from '../network/tls-choice.ts'

type WebsocketCheckConfig = Extract<CheckConfig, { kind: 'websocket' }>

const maxFrameBytes = 1024 * 1024
/** So long the server may take to say goodbye. */
const closeMs = 200
/** Not aborted and not broken: the frame did not come. */
const late = Symbol('late')

interface Visit {
  isConnected: boolean
  isOpen: boolean
  frames: number
  /** What was wrong with the last frame. */
  lastProblem: string | undefined
}

/** A WebSocket opens, and a frame comes that holds what it must. */
export const websocketCheck: CheckKind<'websocket'> = {
  kind: 'websocket',
  async run(config, options) {
    const url = new URL(config.url)
    const visit: Visit = { isConnected: false, isOpen: false, frames: 0, lastProblem: undefined }
    let socket: WebSocket | undefined
    try {
      socket = await prepare(config, visit, options)
      const outcome = await talk(config, socket, visit, options)
      return { ...outcome, detail: { url: publicUrl(url), frames: visit.frames, ...outcome.detail } }
    } catch (error) {
      return explain(error, url, visit, options)
    } finally {
      if (socket !== undefined) await close(socket, options.signal)
    }
  },
}

async function prepare(config: WebsocketCheckConfig, visit: Visit, { host, signal }: RunOptions): Promise<WebSocket> {
  const tls = await chooseTls(config, host, signal)
  const socket = new WebSocket(config.url, config.subprotocol === undefined ? [] : [config.subprotocol], {
    headers: { 'user-agent': 'nightshift', ...authorization(config.auth), ...config.headers },
    followRedirects: false,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    lookup: sharedLookup,
    finishRequest: (request) => {
      request.on('socket', (stream) => {
        stream.once('connect', () => {
          visit.isConnected = true
        })
      })
      request.end()
    },
    ...tls,
  })
  // Errors are heard where they are waited for; one that comes later must not throw.
  socket.on('error', () => undefined)
  return socket
}

async function talk(config: WebsocketCheckConfig, socket: WebSocket, visit: Visit, options: RunOptions): Promise<Outcome> {
  const { signal } = options
  const { promise, resolve, reject } = Promise.withResolvers<typeof late | undefined>()
  const isFrameWanted = [config.frame_within, config.contains, config.not_contains, config.matches, config.json].some(
    (key) => key !== undefined,
  )
  let timer: NodeJS.Timeout | undefined
  socket.on('open', () => {
    visit.isOpen = true
    if (config.send !== undefined) socket.send(typeof config.send === 'string' ? config.send : JSON.stringify(config.send))
    if (!isFrameWanted) resolve(undefined)
    else if (config.frame_within !== undefined) timer = setTimeout(() => resolve(late), config.frame_within)
  })
  socket.on('message', (data) => {
    visit.frames++
    visit.lastProblem = judgeFrame(config, data as Buffer)
    if (visit.lastProblem === undefined) resolve(undefined)
  })
  socket.on('unexpected-response', (_, response) =>
    reject(new WebSocketRefusal(`answers with status ${response.statusCode} instead of a WebSocket`)),
  )
  socket.on('error', reject)
  socket.on('close', (code) => reject(new WebSocketRefusal(`closed the WebSocket with code ${code} before the frame that is wanted`)))
  const giveUp = (): void => (visit.isOpen ? resolve(late) : reject(signal.reason))
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    if ((await promise) === undefined) return passed({})
    const within = durationText(config.frame_within ?? options.elapsedMs())
    const why = visit.lastProblem === undefined ? 'sent no frame' : `sent no frame that fits: ${visit.lastProblem}`
    return failed(`${targetOf(new URL(config.url))} ${why} within ${within}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}

class WebSocketRefusal extends Error {}

function judgeFrame(config: WebsocketCheckConfig, data: Buffer): string | undefined {
  const problem = judgeText(config, data, 'the last frame', false)
  if (problem !== undefined || config.json === undefined) return problem
  try {
    return judgeJson(config.json, data.toString(), 'the last frame', false)
  } catch (error) {
    return error instanceof NightshiftError ? error.message : 'the last frame could not be judged'
  }
}

async function close(socket: WebSocket, signal: AbortSignal): Promise<void> {
  if (socket.readyState === WebSocket.OPEN && !signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, closeMs)
    socket.on('close', () => resolve())
    socket.close(1000)
    await promise
    clearTimeout(timer)
  }
  socket.terminate()
}

function explain(error: unknown, url: URL, { isConnected }: Visit, { signal, timeoutMs }: RunOptions): Outcome {
  const detail = { url: publicUrl(url) }
  const target = targetOf(url)
  if (error instanceof NightshiftError) return failed(error.message, detail)
  if (error instanceof WebSocketRefusal) return failed(`${target} ${error.message}`, detail)
  if (signal.aborted) return failed(explainTimeout(target, timeoutMs, isConnected), detail)
  return failed(explainConnectionError(error, target), detail)
}

function targetOf(url: URL): string {
  return formatTarget(url.hostname, url.port === '' ? (url.protocol === 'wss:' ? 443 : 80) : url.port)
}
