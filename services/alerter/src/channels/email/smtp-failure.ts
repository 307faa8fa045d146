import { ChannelError } from '../channel.ts'

/** What nodemailer throws, as far as it is read here. */
export interface SmtpError extends Error {
  readonly code?: string | undefined
  readonly response?: string | undefined
  readonly responseCode?: number | undefined
  /** From the class of the answer: 5xx but not 503. */
  readonly permanent?: boolean | undefined
  readonly recipient?: string | undefined
  /** The code that Node gave it. */
  readonly originalCode?: string | undefined
}

/** A certificate that time does not make good. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])
const maxShownLength = 200

/** Why a mail was not taken: what the server refuses with 5xx, a wrong login and a certificate nobody vouches for stay as they are, the rest may pass. */
export function smtpFailure(host: string, error: SmtpError): ChannelError {
  const { code, responseCode, permanent, response, originalCode } = error
  if (error instanceof ChannelError) return error
  if (originalCode !== undefined && untrusted.has(originalCode)) {
    const hint = 'give the certificate of its authority as ca_file of the channel, or write the name that stands in its certificate'
    return new ChannelError('tls_untrusted', `the certificate of ${host} is not trusted (${originalCode}); ${hint}`, { transient: false })
  }
  if (code === 'ETLS' && responseCode !== undefined) {
    const hint = 'write tls: optional in the channel if mails may go there for everybody on the way to read'
    return new ChannelError('no_starttls', `${host} does not offer STARTTLS; ${hint}`, { transient: permanent !== true, cause: error })
  }
  if (responseCode !== undefined) {
    const isLogin = code === 'EAUTH'
    const hint = isLogin && permanent === true ? '; correct user and password of the channel' : ''
    return new ChannelError(`smtp_${responseCode}`, `${host} answered: ${oneLine(response ?? error.message)}${hint}`, {
      transient: permanent !== true,
    })
  }
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return new ChannelError('smtp_login', `${host} takes no login of the kind we have; leave out user and password, or ask who runs it`, {
      transient: false,
      cause: error,
    })
  if (code === 'ETIMEDOUT') return new ChannelError('timeout', `${host} does not answer`, { transient: true, cause: error })
  return new ChannelError('unreachable', `cannot send to ${host}`, { transient: true, cause: error })
}

/** An answer may have many lines. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line.length > maxShownLength ? `${line.slice(0, maxShownLength)}…` : line
}
