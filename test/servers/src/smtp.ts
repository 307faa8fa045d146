import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'

/** A mail that the server took. */
export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body, as they came. */
  readonly raw: string
  readonly isEncrypted: boolean
  readonly user: string | null
  /** performance.now() */
  readonly atMs: number
}

/** How the server behaves instead of taking a mail. */
export interface Trouble {
  /** connect: nothing at all; mail, rcpt and data: at that command. */
  readonly at: 'connect' | 'mail' | 'rcpt' | 'data'
  /** An answer such as 450 or 550; hang says nothing; cut closes the connection. */
  readonly answer: number | 'hang' | 'cut'
  readonly text?: string
  /** Only for this recipient; with rcpt. */
  readonly recipient?: string
  /** How often; the default is once. */
  readonly times?: number
}

interface SmtpOptions {
  /** The default is none. */
  readonly tls?: 'none' | 'starttls' | 'implicit'
  readonly cert?: string
  readonly key?: string
  /** Who may send; without it nobody need say who they are. */
  readonly login?: { readonly user: string; readonly password: string }
  readonly onMail?: (mail: ReceivedMail) => void
}

/** A real SMTP server on loopback. */
export interface TestSmtp {
  readonly port: number
  readonly mails: ReceivedMail[]
  /** Connections so far. */
  readonly connections: number
  /** What goes wrong next. */
  readonly troubles: Trouble[]
  stop(): Promise<void>
}

type Done = (error?: Error | null) => void

const closeTimeoutMs = 200

/** Starts one on a free port. */
export async function startSmtp({ tls = 'none', cert, key, login, onMail }: SmtpOptions = {}): Promise<TestSmtp> {
  const mails: ReceivedMail[] = []
  const troubles: Trouble[] = []
  let connections = 0
  /** Takes the next trouble of this command; true when it says or does something itself. */
  const isTroubled = (at: Trouble['at'], session: SMTPServerSession, done: Done, recipient?: string): boolean => {
    const index = troubles.findIndex((trouble) => trouble.at === at && (trouble.recipient ?? recipient) === recipient)
    const trouble = troubles[index]
    if (trouble === undefined) return false
    const { answer, text = 'not now', times = 1 } = trouble
    if (times > 1) troubles[index] = { ...trouble, times: times - 1 }
    else troubles.splice(index, 1)
    if (answer === 'cut')
      for (const connection of server.connections) if (connection.session.id === session.id) connection._socket.destroy()
    if (typeof answer === 'number') done(Object.assign(new Error(text), { responseCode: answer }))
    return true
  }
  const server = new SMTPServer({
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    secure: tls === 'implicit',
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(login === undefined ? ['AUTH'] : [])],
    authOptional: login === undefined,
    // Tests of plain connections log in too.
    allowInsecureAuth: true,
    logger: false,
    closeTimeout: closeTimeoutMs,
    onConnect: (session, done) => {
      connections++
      if (!isTroubled('connect', session, done)) done()
    },
    onAuth: ({ username, password }, _session, done) => {
      if (username === login?.user && password === login?.password) done(null, { user: username })
      else done(Object.assign(new Error('5.7.8 wrong name or password'), { responseCode: 535 }))
    },
    onMailFrom: (_address, session, done) => {
      if (!isTroubled('mail', session, done)) done()
    },
    onRcptTo: ({ address }, session, done) => {
      if (!isTroubled('rcpt', session, done, address)) done()
    },
    onData: (stream, session, done) => {
      void readAll(stream).then((raw) => {
        // Who went away in the middle of a mail has not sent it.
        if (raw === undefined || isTroubled('data', session, done)) return
        const { mailFrom, rcptTo } = session.envelope
        const mail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
          atMs: performance.now(),
        }
        mails.push(mail)
        onMail?.(mail)
        done()
      })
    },
  })
  // Clients that go away in the middle are what is tested.
  server.on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    get connections() {
      return connections
    },
    troubles,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** undefined when the client closed the connection before the end. */
async function readAll(stream: SMTPServerDataStream): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}
