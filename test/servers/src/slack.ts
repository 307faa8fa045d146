import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { blockProblem } from './slack-blocks.ts'
import { frameOf, opcodes, readFrame, type Frame } from './web-socket-frame.ts'

export interface SlackMessage {
  readonly channel: string
  readonly ts: string
  readonly threadTs: string | undefined
  readonly isBroadcast: boolean
  text: string
  attachments: readonly SlackAttachment[]
  /** What a program reads of it. */
  metadata: unknown
  edits: number
  isDeleted: boolean
}

export interface SlackAttachment {
  readonly color?: string
  readonly title?: string
  readonly fields?: readonly { readonly title: string; readonly value: string }[]
  readonly blocks?: readonly SlackBlock[]
}

export interface SlackBlock {
  readonly type: string
  readonly text?: { readonly text: string }
  readonly fields?: readonly { readonly text: string }[]
  readonly elements?: readonly { readonly type: string; readonly action_id?: string; readonly value?: string; readonly url?: string }[]
}

/** What goes wrong with a call. */
export interface SlackFault {
  /** Only with calls of this method. */
  readonly method?: string
  readonly status?: number
  readonly retryAfterSeconds?: number
  /** An error of the platform. */
  readonly error?: string
  /** It is done, and nobody hears of it. */
  readonly takesAndHangs?: boolean
  /** Nothing is done, and nothing is said. */
  readonly hangs?: boolean
}

export interface SlackCall {
  readonly method: string
  readonly args: Readonly<Record<string, string>>
  readonly outcome: string
  readonly atMs: number
}

interface Options {
  readonly port?: number
  /** Messages per channel. Slack: one a second, and short bursts. */
  readonly burst?: number
  readonly onCall?: (call: SlackCall) => void
}

export const slackToken = 'xoxb-test-0000000000'
export const slackAppToken = 'xapp-test-0000000000'
export const slackSigningSecret = '8f742231b10e8888abcd99yyyzzz85a5'

/** Channels that there are: by name and id. */
const channels = new Map([
  ['#alerts', 'C0ALERTS01'],
  ['#ops', 'C0OPS00001'],
])
const editsPerMinute = 50
const maxTextLength = 40_000
const maxEditTextLength = 4000

/**
 * Stands for Slack, as its documentation describes it: Web API, incoming webhook, Socket Mode, signed presses of buttons. It enforces the
 * limits of blocks and texts, a message per second and channel, 50 edits per minute. Hand-written from the documentation, not recorded.
 */
export class SlackStandIn {
  readonly messages: SlackMessage[] = []
  /** Only the person who pressed a button sees these. */
  readonly whispers: { readonly user: string; readonly text: string }[] = []
  readonly hookBodies: Record<string, unknown>[] = []
  readonly calls: SlackCall[] = []
  /** Taken in order, each by the first call that it is about. */
  readonly faults: SlackFault[] = []
  readonly envelopesAcked = new Set<string>()
  isEditWindowClosed = false
  /** A machine at Slack that does not close connections when it is asked to. */
  isDeaf = false
  /** The scope channels:history. */
  mayReadHistory = true
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #burst: number
  readonly #onCall: Options['onCall']
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()
  readonly #editTimes: number[] = []
  readonly #sockets = new Set<Socket>()
  #clock = Math.floor(Date.now() / 1000)
  #count = 0

  static async start(options: Options = {}): Promise<SlackStandIn> {
    const slack = new SlackStandIn(options.burst ?? 4, options.onCall)
    slack.#server.on('upgrade', (request, socket: Socket) => slack.#open(request, socket))
    slack.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(slack.#server, 'listening')
    return slack
  }

  private constructor(burst: number, onCall: Options['onCall']) {
    this.#burst = burst
    this.#onCall = onCall
  }

  get apiUrl(): string {
    return `${this.#origin}/api/`
  }

  get hookUrl(): string {
    return `${this.#origin}/services/T000/B000/XXXX`
  }

  /** Connections of Socket Mode. */
  get listeners(): number {
    return this.#sockets.size
  }

  /** What stands in the channel itself. */
  get roots(): SlackMessage[] {
    return this.messages.filter(({ threadTs, isDeleted }) => threadTs === undefined && !isDeleted)
  }

  repliesTo({ ts }: SlackMessage): SlackMessage[] {
    return this.messages.filter(({ threadTs }) => threadTs === ts)
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What Slack sends when somebody presses a button of a message: the value that stands in it. */
  pressOf(message: SlackMessage, actionId: string, user: { id: string; username: string }): Record<string, unknown> {
    const buttons = message.attachments.flatMap(({ blocks = [] }) => blocks.flatMap(({ elements = [] }) => elements))
    const button = buttons.find(({ action_id: id }) => id === actionId)
    if (button === undefined) throw new Error(`the message has no button ${actionId}`)
    return {
      type: 'block_actions',
      user: { id: user.id, username: user.username, name: user.username, team_id: 'T000' },
      api_app_id: 'A000',
      container: { type: 'message_attachment', message_ts: message.ts, attachment_id: 1, channel_id: message.channel },
      trigger_id: randomUUID(),
      channel: { id: message.channel, name: 'alerts' },
      message: { ts: message.ts, text: message.text },
      response_url: `${this.#origin}/actions/T000/1/x`,
      actions: [{ action_id: actionId, block_id: 'b', value: button.value, type: 'button', action_ts: String(++this.#clock) }],
    }
  }

  /** Body and headers of a signed request, as https://docs.slack.dev/authentication/verifying-requests-from-slack describes it. */
  signed(
    payload: unknown,
    seconds = Math.floor(Date.now() / 1000),
    secret = slackSigningSecret,
  ): { body: string; headers: Record<string, string> } {
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
    const digest = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex')
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': String(seconds),
      'x-slack-signature': `v0=${digest}`,
    }
    return { body, headers }
  }

  /** Sends a press over one of the connections of Socket Mode; gives the id of its envelope. */
  pressBySocket(payload: unknown): string {
    const [socket] = this.#sockets
    if (socket === undefined) throw new Error('nobody listens')
    const id = randomUUID()
    send(socket, { envelope_id: id, type: 'interactive', accepts_response_payload: true, payload })
    return id
  }

  /** Slack moves connections to other machines from time to time. */
  recycle(): void {
    for (const socket of this.#sockets) send(socket, { type: 'disconnect', reason: 'refresh_requested', debug_info: {} })
  }

  /** Connections break off without a word. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const path = request.url ?? ''
    if (path.startsWith('/services/')) return this.#takeHook(body, response)
    const method = path.replace('/api/', '')
    const args = Object.fromEntries(new URLSearchParams(body))
    const at = this.faults.findIndex((fault) => fault.method === undefined || fault.method === method)
    const fault = at === -1 ? undefined : this.faults.splice(at, 1)[0]
    const note = (outcome: string): void => {
      const call = { method, args, outcome, atMs: performance.now() }
      this.calls.push(call)
      this.#onCall?.(call)
    }
    if (fault?.hangs === true) return note('hang')
    if (fault?.status !== undefined) {
      note(String(fault.status))
      response.writeHead(fault.status, { 'retry-after': String(fault.retryAfterSeconds ?? 1), 'content-type': 'text/plain' })
      response.end('oh no')
      return
    }
    const answer =
      fault?.error === undefined ? this.#answer(method, args, request.headers.authorization) : { ok: false, error: fault.error }
    if (fault?.takesAndHangs === true) return note(answer.ok ? 'taken, no answer' : String(answer['error']))
    note(answer.ok ? 'ok' : String(answer['error']))
    if (answer['error'] === 'ratelimited') response.writeHead(429, { 'retry-after': '1', 'content-type': 'application/json' })
    else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(answer))
  }

  #answer(method: string, args: Record<string, string>, authorization: string | undefined): { ok: boolean; [key: string]: unknown } {
    const refuse = (error: string, detail?: string) => ({
      ok: false,
      error,
      ...(detail === undefined ? {} : { response_metadata: { messages: [`[ERROR] ${detail}`] } }),
    })
    const wanted = method === 'apps.connections.open' ? slackAppToken : slackToken
    if (authorization !== `Bearer ${wanted}`) return refuse(authorization === undefined ? 'not_authed' : 'invalid_auth')
    if (method === 'apps.connections.open') return { ok: true, url: `${this.#origin.replace('http', 'ws')}/link` }
    if (method === 'auth.test') return { ok: true, team: 'test', user_id: 'U0BOT00001' }
    const channel = channels.get(args['channel'] ?? '') ?? [...channels.values()].find((id) => id === args['channel'])
    if (channel === undefined) return refuse('channel_not_found')
    const text = args['text'] ?? ''
    const attachments = JSON.parse(args['attachments'] ?? '[]') as SlackAttachment[]
    if (method === 'conversations.history') return this.#history(args)
    if (method === 'chat.postEphemeral') {
      this.whispers.push({ user: args['user'] ?? '', text })
      return { ok: true, message_ts: this.#nextTs() }
    }
    if (text === '' && attachments.length === 0) return refuse('no_text')
    const problem = blockProblem(attachments)
    if (problem !== undefined) return refuse('invalid_attachments', problem)
    const metadata: unknown = args['metadata'] === undefined ? undefined : JSON.parse(args['metadata'])
    if (method === 'chat.update') return this.#edit(channel, args['ts'] ?? '', { text, attachments, metadata })
    if (method !== 'chat.postMessage') return refuse('unknown_method')
    if (text.length > maxTextLength) return refuse('msg_too_long')
    if (!this.#take(channel)) return refuse('ratelimited')
    const threadTs = args['thread_ts']
    if (threadTs !== undefined && this.#find(channel, threadTs) === undefined) return refuse('thread_not_found')
    const ts = this.#nextTs()
    const isBroadcast = args['reply_broadcast'] === 'true'
    this.messages.push({ channel, ts, threadTs, isBroadcast, text, attachments, metadata, edits: 0, isDeleted: false })
    return { ok: true, channel, ts, message: { text } }
  }

  #edit(
    channel: string,
    ts: string,
    body: Pick<SlackMessage, 'text' | 'attachments' | 'metadata'>,
  ): { ok: boolean; [key: string]: unknown } {
    const now = performance.now()
    while (this.#editTimes[0] !== undefined && this.#editTimes[0] < now - 60_000) this.#editTimes.shift()
    if (this.#editTimes.length >= editsPerMinute) return { ok: false, error: 'ratelimited' }
    this.#editTimes.push(now)
    const message = this.#find(channel, ts)
    if (message === undefined) return { ok: false, error: 'message_not_found' }
    if (this.isEditWindowClosed) return { ok: false, error: 'edit_window_closed' }
    if (body.text.length > maxEditTextLength) return { ok: false, error: 'msg_too_long' }
    Object.assign(message, body)
    message.edits++
    return { ok: true, channel, ts, text: body.text }
  }

  /** The newest first. Metadata only when it is asked for. */
  #history({ channel, oldest = '0', limit = '100', include_all_metadata: all }: Record<string, string>): {
    ok: boolean
    [key: string]: unknown
  } {
    if (!this.mayReadHistory) return { ok: false, error: 'missing_scope', needed: 'channels:history', provided: 'chat:write' }
    if (channel?.startsWith('C') !== true) return { ok: false, error: 'channel_not_found' }
    const found = this.roots.filter((message) => message.channel === channel && Number(message.ts) >= Number(oldest)).toReversed()
    const messages = found
      .slice(0, Number(limit))
      .map(({ ts, text, metadata }) => ({ type: 'message', ts, text, ...(all === 'true' ? { metadata } : {}) }))
    return { ok: true, messages, has_more: found.length > Number(limit) }
  }

  #find(channel: string, ts: string): SlackMessage | undefined {
    return this.messages.find((message) => message.channel === channel && message.ts === ts && !message.isDeleted)
  }

  #nextTs(): string {
    return `${this.#clock}.${String(++this.#count).padStart(6, '0')}`
  }

  #take(channel: string): boolean {
    const now = performance.now()
    const { tokens, atMs } = this.#buckets.get(channel) ?? { tokens: this.#burst, atMs: now }
    const left = Math.min(this.#burst, tokens + (now - atMs) / 1000)
    this.#buckets.set(channel, { tokens: left < 1 ? left : left - 1, atMs: now })
    return left >= 1
  }

  #takeHook(body: string, response: ServerResponse): void {
    const fault = this.faults.shift()
    if (fault?.hangs === true) return
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) })
      response.end(fault.error ?? 'oh no')
      return
    }
    const message = JSON.parse(body) as Record<string, unknown>
    this.hookBodies.push(message)
    response.writeHead(200, { 'content-type': 'text/html' }).end('ok')
  }

  /** A WebSocket (RFC 6455), as much of it as Socket Mode needs. */
  #open(request: IncomingMessage, socket: Socket): void {
    const key = String(request.headers['sec-websocket-key'])
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    this.#sockets.add(socket)
    let buffered: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      for (let frame = readFrame(buffered); frame !== undefined; frame = readFrame(buffered)) {
        buffered = buffered.subarray(frame.size)
        this.#takeFrame(socket, frame)
      }
    })
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    // A socket of an HTTP server stays half open otherwise.
    socket.on('end', () => socket.destroy())
    send(socket, { type: 'hello', num_connections: this.#sockets.size, connection_info: { app_id: 'A000' } })
  }

  #takeFrame(socket: Socket, { opcode, payload }: Frame): void {
    if (this.isDeaf) return
    if (opcode === opcodes.ping) socket.write(frameOf(opcodes.pong, payload))
    else if (opcode === opcodes.close) socket.end(frameOf(opcodes.close, payload))
    else if (opcode === opcodes.text) {
      const { envelope_id: id } = JSON.parse(payload.toString()) as { envelope_id?: string }
      if (id !== undefined) this.envelopesAcked.add(id)
    }
  }
}

function send(socket: Socket, message: unknown): void {
  socket.write(frameOf(opcodes.text, Buffer.from(JSON.stringify(message))))
}
