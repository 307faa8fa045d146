import { hideValue } from '@nightshift/shared/config/secrets'
import { NightshiftError } from '@nightshift/shared/errors'
import { explainConnectionError, explainTimeout } from '../network/connection-error.ts'
import type { Progress, ServerAddress } from './server-address.ts'

const maxTextLength = 300

/** What a failed attempt means, for a person. */
export interface FailureContext {
  readonly address: ServerAddress
  /** Why the server refused, by its own codes; undefined for what is no refusal of the server. */
  refusal(error: unknown, address: ServerAddress): string | undefined
}

/** Why a server could not be asked: in its own terms where it answered, else in those of the network. Never holds the password. */
export function explainFailure(error: unknown, context: FailureContext): string {
  const { address } = context
  const text = context.refusal(error, address) ?? ownWords(error, address) ?? explainConnectionError(error, address.target)
  return hideValue(text, address.password ?? '').slice(0, maxTextLength)
}

/** For an attempt whose time was up. */
export function explainLate(target: string, timeoutMs: number, { connected, isAskingForTls = false }: Progress): string {
  return `${explainTimeout(target, timeoutMs, connected)}${connected && isAskingForTls ? ': does it speak TLS?' : ''}`
}

/** The code of a refusal as clients of databases carry it. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

function ownWords(error: unknown, { target, user }: ServerAddress): string | undefined {
  const code = codeOf(error)
  if (code === 'no_password') return `${target} asks for a password of ${user ?? 'its user'}, and none is configured`
  if (code === 'no_tls') return `${target} does not offer TLS: remove \`tls\`, or set up a certificate on the server`
  if (code === 'ENOENT') return `no socket ${target}: the server does not run, or listens elsewhere`
  return error instanceof NightshiftError ? `${error.message}` : undefined
}
