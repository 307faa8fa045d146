import type { Bucket, Versioned } from '@nightshift/shared/bus/bus'
import { derivedId } from '@nightshift/shared/ids'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { DueQueue } from '../group/due-queue.ts'
import { ownsHost } from '../shard-place.ts'
import { startPosition } from '../state/position.ts'
import type { Observed } from '../tracking/observed.ts'
import { identify } from './identity.ts'
import { receivedBucket, type Received } from './received.ts'

/** What is over is kept for so long, so that an alert that is sent again just then is not deleted with it. */
const rememberMs = 5 * 60_000
const maxPerRound = 500
const maxRunbookChars = 2048
const longestTimerMs = 3_600_000

/** Alerts that other programs told us of. Every replica writes them into the bucket `received`; who has the shard of their host judges them. */
export const receivedAlerts: CompanionKind = (view) => new ReceivedAlerts(view)

class ReceivedAlerts implements Companion {
  readonly #view: ShardView
  readonly #known = new Map<string, Received>()
  /** When each ends, and after that when it is forgotten. */
  readonly #due = new DueQueue()
  #bucket: Bucket<Received> | undefined
  #watch: { stop(): void } | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    const { bus } = this.#view.context
    this.#bucket = await bus.bucket('received', receivedBucket)
    this.#watch = await this.#bucket.watch((fingerprint, entry) => this.#take(fingerprint, entry))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#watch?.stop()
    await Promise.resolve()
  }

  #take(fingerprint: string, entry: Versioned<Received> | undefined): void {
    if (entry === undefined) {
      this.#known.delete(fingerprint)
      this.#due.set(fingerprint, undefined)
      return
    }
    if (!ownsHost(this.#view.place, identify(entry.value.labels).host)) return
    this.#known.set(fingerprint, entry.value)
    void this.#view.exclusively(async () => await this.#judge(fingerprint))
  }

  /** Says what an alert is in now, and looks at it again when that changes. */
  async #judge(fingerprint: string): Promise<void> {
    const received = this.#known.get(fingerprint)
    if (received === undefined) return
    const { engine, context } = this.#view
    const nowMs = context.clock.now()
    const isOn = received.ends_ms > nowMs
    if (!isOn && received.ends_ms + rememberMs <= nowMs) {
      this.#known.delete(fingerprint)
      await this.#bucket?.delete(fingerprint)
      return
    }
    await this.#view.carryOut(engine.observe(observedOf(received, isOn), { stream: 'EVENTS', position: startPosition }))
    this.#due.set(fingerprint, isOn ? received.ends_ms : received.ends_ms + rememberMs)
    this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const nextMs = this.#due.firstMs
    if (this.#isStopped || nextMs === undefined) return
    const { clock } = this.#view.context
    const look = async (): Promise<void> => {
      for (const fingerprint of this.#due.take(clock.now(), maxPerRound)) await this.#judge(fingerprint)
      this.#arm()
    }
    this.#timer = setTimeout(() => void this.#view.exclusively(look), Math.min(longestTimerMs, Math.max(1, nextMs - clock.now())))
  }
}

function observedOf({ labels, annotations, ...times }: Received, isOn: boolean): Observed {
  const { fingerprint, rule, host, severity } = identify(labels)
  const wasEnded = times.is_end_said && times.updated_ms >= times.ends_ms
  // By this name everybody's rules carry it.
  const runbook = annotations['runbook_url'] ?? annotations['runbook']
  const began = derivedId(times.since_ms, fingerprint)
  return {
    rule,
    kind: 'received',
    host,
    labels,
    severity,
    isOn,
    detail: annotations['summary'] ?? annotations['description'] ?? annotations['message'] ?? labels['alertname'] ?? rule,
    value: null,
    ...(runbook !== undefined && { runbook: runbook.slice(0, maxRunbookChars) }),
    at: isOn ? times.starts_ms : times.ends_ms,
    id: isOn ? began : derivedId(times.ends_ms, fingerprint, 'over'),
    correlationId: began,
    ...(!isOn && !wasEnded && { endReason: 'its sender did not send it again' }),
  }
}
