import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { NightshiftError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { certificateDetail, judgeRemaining, severityOf } from './certificates/certificate-age.ts'
import { failed, passed, type CheckKind, type Outcome } from './check.ts'
import { explainConnectionError, explainTimeout, formatTarget } from '../network/connection-error.ts'
import { sharedLookup } from '../network/shared-lookup.ts'
import { openStartTls } from './certificates/starttls.ts'
import { chooseTls, withContext, type TlsChoice } from '../network/tls-choice.ts'

type TlsCheckConfig = Extract<CheckConfig, { kind: 'tls' }>

/** A server shows a certificate that is trusted, for the right name, and good for some time yet. */
export const tlsCheck: CheckKind<'tls'> = {
  kind: 'tls',
  async run(config, { signal, timeoutMs, host }) {
    const target = formatTarget(config.host, config.port)
    const progress = { connected: false }
    let socket: TLSSocket | undefined
    try {
      // Verified below, so that the certificate can be told of also when nobody vouches for it.
      const choice: TlsChoice = { ...(await chooseTls(config, host, signal)), rejectUnauthorized: false }
      socket = await shakeHands(config, choice, signal, progress)
      return judge(config, socket, target)
    } catch (error) {
      if (error instanceof NightshiftError) return failed(error.message)
      return failed(signal.aborted ? explainTimeout(target, timeoutMs, progress.connected) : explainConnectionError(error, target))
    } finally {
      socket?.destroy()
    }
  },
}

async function shakeHands(
  { host, port, starttls }: TlsCheckConfig,
  choice: TlsChoice,
  signal: AbortSignal,
  progress: { connected: boolean },
): Promise<TLSSocket> {
  const servername = choice.servername ?? (isIP(host) === 0 ? host : undefined)
  const plain = starttls === undefined ? undefined : await openStartTls(starttls, host, port, signal, progress)
  const socket = connectTls({
    // What is too old is told, not refused without a word.
    ...withContext(choice, 'TLSv1'),
    host,
    port,
    lookup: sharedLookup,
    ...(servername === undefined ? {} : { servername }),
    ...(plain === undefined ? {} : { socket: plain }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  socket.on('connect', () => {
    progress.connected = true
  })
  socket.on('secureConnect', () => resolve(socket))
  socket.on('error', reject)
  socket.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  const giveUp = (): void => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  try {
    return await promise
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function judge(config: TlsCheckConfig, socket: TLSSocket, target: string): Outcome {
  const { valid_to: end, subject, issuer } = socket.getPeerCertificate()
  const protocol = socket.getProtocol()
  if (end === undefined) return failed(`${target} shows no certificate`, { protocol })
  const endsMs = Date.parse(end)
  const detail = {
    protocol,
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    ...certificateDetail(endsMs),
    severity: severityOf(endsMs, config),
  }
  const age = judgeRemaining(endsMs, config.min_remaining, `the certificate of ${target}`)
  // Before the verdict of the chain: it says "expired" too, but not since when.
  if (age !== undefined) return failed(age, detail)
  if (!config.insecure && !socket.authorized) return failed(explainConnectionError(refusal(socket.authorizationError), target), detail)
  if (config.min_version !== undefined && (protocol ?? '') < config.min_version) {
    return failed(`${target} speaks ${protocol}, and ${config.min_version} is the least: change its configuration`, detail)
  }
  return passed(detail)
}

function nameOf(name: { readonly CN?: string | string[] } | undefined): string | null {
  const commonName = [name?.CN ?? []].flat()[0]
  return commonName === undefined ? null : commonName.slice(0, 256)
}

/** Node gives the reason as an error or as its bare code. */
function refusal(reason: Error | string | null): unknown {
  return typeof reason === 'string' ? Object.assign(new Error(reason), { code: reason }) : reason
}
