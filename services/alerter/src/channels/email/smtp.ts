import { readFile } from 'node:fs/promises'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { ChannelError } from '../channel.ts'
import { smtpFailure, type SmtpError } from './smtp-failure.ts'

/** How to reach a mail server, and who we are there. */
export interface MailServer {
  readonly host: string
  readonly port: number
  /** From the first byte, by STARTTLS or not at all, by STARTTLS when it is offered, never. */
  readonly tls: 'implicit' | 'required' | 'optional' | 'never'
  readonly login: { readonly user: string; readonly password: string } | null
  /** PEM of who is trusted beside the authorities of the system; null: only those. */
  readonly caFile: string | null
  /** For one attempt as a whole. */
  readonly timeoutMs: number
}

/** A mail as it goes over the wire. */
export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly message: Buffer
}

/** Recipients that the server did not take, in its words. */
export interface Refusal {
  readonly recipient: string
  readonly isPermanent: boolean
  readonly why: string
}

const closeTimeoutMs = 1000
const maxAnswerBytes = 65_536

/** Hands a mail to the server. Resolves with the recipients it refused when it took the mail for the others, or for nobody. Throws ChannelError. */
export async function submitMail(server: MailServer, mail: Mail, signal: AbortSignal): Promise<readonly Refusal[]> {
  const { host, timeoutMs } = server
  const ca = server.caFile === null ? undefined : await readAuthorities(server.caFile)
  const timeout = AbortSignal.timeout(timeoutMs)
  const connection = connectionTo(server, ca)
  const stop = AbortSignal.any([signal, timeout])
  try {
    // Whoever was stopped by now is not told so again.
    stop.throwIfAborted()
    return await exchange(connection, server, mail, stop)
  } catch (error) {
    if (timeout.aborted)
      throw new ChannelError('timeout', `${host} did not take a mail within ${timeoutMs} ms`, { transient: true, cause: error })
    throw smtpFailure(host, error as SmtpError)
  } finally {
    if (!stop.aborted) connection.quit()
    connection.close()
  }
}

function connectionTo({ host, port, tls, timeoutMs }: MailServer, ca: string | undefined): SMTPConnection {
  return new SMTPConnection({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'never',
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: closeTimeoutMs,
    dnsTimeout: timeoutMs,
    maxResponseSize: maxAnswerBytes,
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
  })
}

function exchange(connection: SMTPConnection, { login }: MailServer, mail: Mail, stop: AbortSignal): Promise<readonly Refusal[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Refusal[]>()
  const send = (): void => {
    connection.send({ from: mail.from, to: [...mail.to], size: mail.message.byteLength }, mail.message, (error, sent) => {
      const refused = error === null ? sent.rejectedErrors : error.rejectedErrors
      if (error !== null && (refused?.length ?? 0) < mail.to.length) reject(error)
      else resolve((refused ?? []).map(refusalOf))
    })
  }
  // Errors also come when everything is settled, and without a listener they would end the process.
  connection.on('error', reject)
  stop.addEventListener('abort', () => reject(stop.reason), { once: true })
  connection.connect((failure) => {
    if (failure !== undefined && failure !== null) return reject(failure)
    if (login === null) return send()
    connection.login({ user: login.user, pass: login.password }, (error) => (error === null ? send() : reject(error)))
  })
  return promise
}

function refusalOf(error: SmtpError): Refusal {
  return { recipient: error.recipient ?? '', isPermanent: error.permanent === true, why: error.response ?? error.message }
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ChannelError('ca_file', `cannot read ${file}; correct ca_file of the channel`, { transient: false, cause })
  }
}
