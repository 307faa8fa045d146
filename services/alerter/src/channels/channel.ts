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

/** What a channel keeps in mind of an incident from one message to the next: where its message stands. Small; stored beside the outbox. */
export type ChannelMemory = Readonly<Record<string, string>>

/** What was before this attempt. */
export interface Before {
  /** What the channel kept in mind of this incident. */
  readonly memory: ChannelMemory | undefined
  /** An earlier attempt, perhaps one before a crash, may have been taken without our hearing of it. */
  readonly isInDoubt: boolean
}

/** What a channel keeps in mind of itself. */
export interface Ledger {
  kept(): ChannelMemory
  /** Called before the first message with what was kept; nothing when there was none. */
  restore(kept: ChannelMemory): void
}

/** A way to tell people. */
export interface Channel {
  readonly kind: string
  /**
   * It has one message for an incident and edits it. What waits about an incident then goes out as its newest state, and what `send` returns
   * is given back with the next message of the same incident.
   */
  readonly edits?: boolean
  /** What comes faster is put together into one message. Only for channels that people read. */
  readonly rate?: Rate
  /** Resolves when the other side has taken it. Throws ChannelError: `transient` says whether the same message may pass later. */
  send(notification: Notification, attempt: number, signal: AbortSignal, before?: Before): Promise<ChannelMemory | void>
  /** What it has to know of itself after a restart, such as what it sent today; stored after each message. */
  readonly ledger?: Ledger
  /** Closes what is kept open between messages. */
  close(): void
}

/** What a file of this folder exports, and registry.ts lists. */
export interface ChannelKind<S extends z.ZodType = z.ZodType> {
  /** Its keys in the configuration, with `kind: z.literal(...)`. */
  readonly schema: S
  open(config: z.infer<S>, context: ChannelContext): Channel
}

interface ChannelErrorDetail {
  readonly transient: boolean
  readonly retryAfterMs?: number | undefined
  readonly isOnlyThis?: boolean
  readonly cause?: unknown
}

/** A notification was not taken. */
export class ChannelError extends EffectError {
  /** The other side asks to be left alone for so long. */
  readonly retryAfterMs: number | undefined
  /** Other messages may pass meanwhile. */
  readonly isOnlyThis: boolean

  constructor(code: string, message: string, detail: ChannelErrorDetail) {
    super(code, message, detail)
    this.retryAfterMs = detail.retryAfterMs
    this.isOnlyThis = detail.isOnlyThis ?? false
  }
}
