import { connect, type Socket } from 'node:net'
import { ContractError } from '@nightshift/shared/errors'
import { sharedLookup } from '../../network/shared-lookup.ts'

export type StartTls = 'smtp' | 'imap' | 'pop3' | 'postgres'

/** Greetings and lists of abilities are short. */
const maxAnswerBytes = 16 * 1024

interface Step {
  readonly send?: string | Buffer
  /** The answer is complete when this is found. */
  readonly until: RegExp
  readonly accept: RegExp
}

/** SSLRequest: a length of 8 and the number 80877103. */
const postgresRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

const talks: Record<StartTls, readonly Step[]> = {
  smtp: [
    { until: /^\d{3} .*\r?\n/m, accept: /^220/ },
    { send: 'EHLO nightshift\r\n', until: /^\d{3} .*\r?\n/m, accept: /^250[ -]STARTTLS/im },
    { send: 'STARTTLS\r\n', until: /^\d{3} .*\r?\n/m, accept: /^220/ },
  ],
  imap: [
    { until: /\r?\n/, accept: /^\* (?:OK|PREAUTH)/ },
    { send: 'a STARTTLS\r\n', until: /^a .*\r?\n/m, accept: /^a OK/m },
  ],
  pop3: [
    { until: /\r?\n/, accept: /^\+OK/ },
    { send: 'STLS\r\n', until: /\r?\n/, accept: /^\+OK/ },
  ],
  postgres: [{ send: postgresRequest, until: /^./s, accept: /^S/ }],
}

/** A connection on which the server waits for TLS to begin. Rejects with ContractError `no_starttls` when the server will not. */
export async function openStartTls(
  protocol: StartTls,
  host: string,
  port: number,
  signal: AbortSignal,
  progress: { connected: boolean },
): Promise<Socket> {
  const socket = connect({ host, port, lookup: sharedLookup })
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  socket.on('error', reject)
  socket.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  socket.on('connect', () => {
    progress.connected = true
  })
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    for (const step of talks[protocol]) await Promise.race([take(socket, step, protocol), broken])
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.removeAllListeners('data')
  }
}

async function take(socket: Socket, { send, until, accept }: Step, protocol: StartTls): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1')
    if (until.test(text)) resolve(text)
    else if (text.length > maxAnswerBytes) reject(new ContractError('no_starttls', `the server does not speak ${protocol}`))
  }
  socket.on('data', onData)
  if (send !== undefined) socket.write(send)
  const answer = await promise
  socket.off('data', onData)
  if (!accept.test(answer)) {
    const first = answer
      .split(/\r?\n/, 1)[0]
      ?.replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, 100)
    throw new ContractError('no_starttls', `the server does not change to TLS by ${protocol}; it says "${first}"`)
  }
}
