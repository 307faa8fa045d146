import type { z } from 'zod'
import type { Clock } from '@nightshift/shared/clock'
import { EffectError } from '@nightshift/shared/errors'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { Rate } from '../notify/token-bucket.ts'
import type { Notification } from '../notify/notification.ts'

/** What every channel is given. */
export interface ChannelContext {
  readonly log: ServiceContext<unknown>['log']
  readonly clock: Clock
  readonly version: string
  readonly locale: 'en' | 'ko'
  /** IANA name, in which times are written. */
  readonly timezone: string
}

/** A way to tell people. */
export interface Channel {
  readonly kind: string
  /** What comes faster is put together into one message. Only for channels that people read. */
  readonly rate?: Rate
  /** Resolves when the other side has taken it. Throws ChannelError: `transient` says whether the same message may pass later. */
  send(notification: Notification, attempt: number, signal: AbortSignal): Promise<void>
  /** Closes what is kept open between messages. */
  close(): void
}

/** What a file of this folder exports, and registry.ts lists. */
export interface ChannelKind<S extends z.ZodType = z.ZodType> {
  /** Its keys in the configuration, with `kind: z.literal(...)`. */
  readonly schema: S
  open(config: z.infer<S>, context: ChannelContext): Channel
}

/** A notification was not taken. */
export class ChannelError extends EffectError {
  /** The other side asks to be left alone for so long. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, detail: { transient: boolean; retryAfterMs?: number | undefined; cause?: unknown }) {
    super(code, message, detail)
    this.retryAfterMs = detail.retryAfterMs
  }
}
