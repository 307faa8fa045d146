import { isoTime, type Clock } from '@nightshift/shared/clock'
import type { Bus } from '@nightshift/shared/bus/bus'
import { describeError } from '@nightshift/shared/errors'
import type { LogEvent } from '@nightshift/shared/events/log'
import { derivedId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import type { Origin } from '../envelope.ts'
import type { Log } from '../log.ts'
import type { LogNotice } from './record.ts'

/** Notices that one log may have at once, and how many it is given each second after that. */
const burst = 60
const perSecond = 1
const maxMessageLength = 8192

export interface NoticeParts {
  readonly bus: Bus
  readonly origin: Origin
  readonly clock: Clock
  readonly log: Log
  /** Name of the log. */
  readonly source: string
}

/** Says on `ops.log.<host>.<source>.<level>` what the analysis found. The rate is bounded: what is over it is counted, not sent. */
export class NoticePublisher {
  readonly counts = { published: 0, dropped: 0 }
  readonly #parts: NoticeParts
  readonly #inFlight = new Set<Promise<void>>()
  #allowance = burst
  #refilledMs: number

  constructor(parts: NoticeParts) {
    this.#parts = parts
    this.#refilledMs = parts.clock.monotonicMs()
  }

  publish(notices: readonly LogNotice[]): void {
    const nowMs = this.#parts.clock.monotonicMs()
    this.#allowance = Math.min(burst, this.#allowance + ((nowMs - this.#refilledMs) / 1000) * perSecond)
    this.#refilledMs = nowMs
    for (const notice of notices) {
      if (this.#allowance < 1) {
        this.counts.dropped++
        continue
      }
      this.#allowance--
      const sending = this.#send(notice)
      this.#inFlight.add(sending)
      void sending.finally(() => this.#inFlight.delete(sending))
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  async #send(notice: LogNotice): Promise<void> {
    const { bus, origin, source } = this.#parts
    const subject = buildSubject({ kind: 'log', host: origin.host, source, level: notice.level }, bus.namespace)
    try {
      await bus.publishEvent(subject, noticeEvent(notice, origin, source))
      this.counts.published++
    } catch (error) {
      this.counts.dropped++
      this.#parts.log.warn({ log: source, error: describeError(error) }, 'what a log says could not be published')
    }
  }
}

/** The id follows from what is said, so that a notice that is made again after a crash is the same one. */
function noticeEvent(notice: LogNotice, { host, source: by }: Origin, source: string): LogEvent {
  const { count, fingerprint, firstSeenMs, level, requestId, timeMs } = notice
  const message = notice.message.slice(0, maxMessageLength)
  const id = derivedId(timeMs, host, source, level, fingerprint ?? message, String(count))
  return {
    v: 1,
    id,
    time: isoTime(timeMs),
    host,
    source: by,
    correlation_id: id,
    log_source: source,
    level,
    message,
    fingerprint,
    count,
    ...(requestId === undefined ? {} : { request_id: requestId.slice(0, 128) }),
    ...(firstSeenMs === undefined ? {} : { first_seen_time: isoTime(firstSeenMs) }),
    fields: { ...notice.fields },
  }
}
