/**
 * The closed set of error classes. Handlers look at `transient` (retry or dead-letter) and `code`, never at the message text;
 * the message tells a person what to do next. Codes are listed in docs/errors.md.
 */
export type Severity = 'low' | 'medium' | 'high' | 'critical'

interface ErrorDetail {
  /** True when the same attempt may succeed later without anybody changing anything. */
  transient?: boolean
  severity?: Severity
  cause?: unknown
}

export class NightshiftError extends Error {
  readonly code: string
  readonly transient: boolean
  readonly severity: Severity

  constructor(code: string, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = new.target.name
    this.code = code
    this.transient = detail.transient ?? false
    this.severity = detail.severity ?? 'medium'
  }
}

/** The person's configuration or flags are wrong; nothing was changed. */
export class ConfigError extends NightshiftError {}

/** Input from outside (a message, a reply, a file) breaks the contract; the same input will always fail. */
export class ContractError extends NightshiftError {}

/** The bus is away, refuses us, or lacks what we need. */
export class BusError extends NightshiftError {}

/** An effect on the outside world (a channel, a command, a destination) failed. */
export class EffectError extends NightshiftError {}

/** Somebody else already is who we claim to be, or holds what we need. */
export class ConflictError extends NightshiftError {}

/** A cause may have a cause, and in a mischievous one the circle closes. */
const maxCauses = 8

/** A short, one-line account of anything thrown, with its causes. What a message says of its cause is not said again. */
export function describeError(error: unknown, causes: number = maxCauses): string {
  if (!(error instanceof Error)) return describeThing(error)
  const { message } = error
  if (error.cause === undefined || causes === 0) return message
  const cause = describeError(error.cause, causes - 1)
  const own = error.cause instanceof Error ? error.cause.message : cause
  const isSaid = message.includes(`: ${own}`) || message.includes(`(${own}`)
  return isSaid ? message + cause.slice(own.length) : `${message}: ${cause}`
}

/** True when retrying the same thing later makes sense. Unknown errors count as transient: losing work is worse than trying again. */
export function isTransient(error: unknown): boolean {
  return error instanceof NightshiftError ? error.transient : true
}

/** Anything can be thrown, also what has no text. */
function describeThing(thing: unknown): string {
  try {
    return String(thing)
  } catch {
    return Object.prototype.toString.call(thing)
  }
}
