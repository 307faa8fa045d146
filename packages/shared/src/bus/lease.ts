import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KV, KvEntry } from '@nats-io/kv'
import { millis } from '@nats-io/transport-node'
import { describeError } from '../errors.ts'
import { openKv } from './bucket.ts'
import type { BusDeps, Lease, LeaseOptions } from './bus.ts'
import type { Link } from './link.ts'
import type { Live } from './live.ts'
import { Once } from './once.ts'
import { refusal } from './refusal.ts'
import { bucketId, bucketStreamId, leaseTtlMs } from './streams.ts'

/** Shares of the time to live. */
const renewEvery = 1 / 3
const renewTimeout = 1 / 4
/** After a renewal that failed for a passing reason. */
const renewAgain = 1 / 12
const candidateEvery = 1 / 12
const valueVersion = 1

interface LeaseParts {
  link: Link
  deps: BusDeps
  namespace: string
  /** Keys that this process held before: those it does not take over from itself, for then it would be from a second process of the same name. */
  heldBefore: Set<string>
}

/** Waits until the lease is ours. Rejects only when it is no longer wanted. */
export async function acquireLease(options: LeaseOptions, parts: LeaseParts): Promise<HeldLease> {
  const { link, deps, heldBefore } = parts
  const nonce = randomUUID()
  const complaints = new Once()
  const sighting = new Sighting(options.key, deps)
  for (let ttlMs = leaseTtlMs; ;) {
    const live = await link.untilReady(options.signal)
    let waitMs = ttlMs * candidateEvery * (0.75 + Math.random() / 2)
    try {
      const terms = await readTerms(live, parts.namespace)
      ttlMs = terms.ttlMs
      const sent = instant(deps)
      const kv = await openKv(live, bucketId('locks', parts.namespace))
      const { entry, freeMs } = await sighting.look(kv, ttlMs)
      const isLeftBehind = entry !== undefined && !heldBefore.has(options.key) && decode(entry.value)?.holder === options.holder
      const untilOursMs = isLeftBehind ? 0 : (options.patienceMs?.(sighting.wasHeld) ?? 0) - freeMs
      const revision = untilOursMs > 0 ? undefined : await take(kv, options.key, encode(options.holder, nonce), entry)
      if (revision !== undefined) {
        heldBefore.add(options.key)
        return new HeldLease(options, parts, { nonce, revision, token: terms.tokenBase + revision, ttlMs, sent })
      }
      if (untilOursMs > 0) waitMs = Math.min(waitMs, untilOursMs)
    } catch (error) {
      const { code, message } = refusal(error)
      if (complaints.first(code)) deps.log.warn({ code, key: options.key, error: message }, 'cannot try for the lease; trying again')
    }
    await sleep(waitMs, undefined, { signal: AbortSignal.any([link.closed, ...(options.signal ? [options.signal] : [])]) }).catch(
      () => undefined,
    )
  }
}

/**
 * For how long a lease has been free, as we see it. One that was not renewed in its time is free: its holder gave it up before, for his
 * clock began when he sent the renewal, and ours when we saw it. Servers drop what is too old when they come to it, which may be later.
 */
class Sighting {
  /** Whether anybody was seen to have it. */
  wasHeld = false
  private revision: number | undefined
  private sinceMs: number
  private readonly key: string
  private readonly deps: BusDeps

  constructor(key: string, deps: BusDeps) {
    this.key = key
    this.deps = deps
    this.sinceMs = deps.clock.monotonicMs()
  }

  /** Below 0: how long until it is free, unless it is renewed. */
  async look(kv: KV, ttlMs: number): Promise<{ entry: KvEntry | undefined; freeMs: number }> {
    const askedMs = this.deps.clock.monotonicMs()
    const found = await kv.get(this.key)
    const entry = found?.operation === 'PUT' ? found : undefined
    if (entry?.revision !== this.revision) {
      // What the server dropped for its age was free before.
      const wasFree = entry === undefined && askedMs - this.sinceMs >= ttlMs
      this.sinceMs = wasFree ? this.sinceMs + ttlMs : this.deps.clock.monotonicMs()
      this.revision = entry?.revision
    }
    this.wasHeld ||= entry !== undefined
    const standsMs = Math.max(0, askedMs - this.sinceMs)
    return { entry, freeMs: entry === undefined ? standsMs : standsMs - ttlMs }
  }
}

/** The revision when it is ours now; undefined when another was faster. */
async function take(kv: KV, key: string, value: string, entry: KvEntry | undefined): Promise<number | undefined> {
  try {
    return entry === undefined ? await kv.create(key, value) : await kv.update(key, value, entry.revision)
  } catch (error) {
    if (refusal(error).code === 'stale_revision') return undefined
    throw error
  }
}

/** What the bucket itself says: how long a lease lasts there, and what to add to a revision to make it a token. */
interface Terms {
  ttlMs: number
  tokenBase: number
}

/**
 * A token grows with every holder: it is the revision, and above it the second in which the bucket was made, so that it still grows when
 * the broker lost its store and revisions begin anew. Stays exact as a number: 2^31 seconds times 2^20 revisions a second.
 */
async function readTerms({ jsm }: Live, namespace: string): Promise<Terms> {
  const { created, config } = await jsm.streams.info(bucketStreamId('locks', namespace))
  return { ttlMs: millis(config.max_age) || leaseTtlMs, tokenBase: Math.floor(Date.parse(created) / 1000) * 2 ** 20 }
}

/** Both clocks: the monotonic one stands still while the machine sleeps, the other may be set back. */
interface Instant {
  monotonicMs: number
  wallMs: number
}

function instant({ clock }: BusDeps): Instant {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now() }
}

function elapsedMs(since: Instant, deps: BusDeps): number {
  const now = instant(deps)
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs)
}

/** A lease that is ours until it is not renewed in time. */
class HeldLease implements Lease {
  readonly key: string
  readonly token: number
  private readonly holder: string
  private readonly nonce: string
  private readonly ttlMs: number
  private revision: number
  /** When the renewal that last succeeded was sent: the server counts from later on. */
  private renewed: Instant
  private readonly ended = new AbortController()
  private expiry: NodeJS.Timeout | undefined
  private readonly parts: LeaseParts
  private readonly renewing: Promise<void>

  constructor(
    options: LeaseOptions,
    parts: LeaseParts,
    taken: { nonce: string; revision: number; token: number; ttlMs: number; sent: Instant },
  ) {
    this.key = options.key
    this.holder = options.holder
    this.nonce = taken.nonce
    this.ttlMs = taken.ttlMs
    this.revision = taken.revision
    this.token = taken.token
    this.renewed = taken.sent
    this.parts = parts
    this.expireLater()
    this.renewing = this.renewForEver()
  }

  get signal(): AbortSignal {
    this.holds()
    return this.ended.signal
  }

  holds(): boolean {
    if (this.ended.signal.aborted) return false
    if (elapsedMs(this.renewed, this.parts.deps) < this.ttlMs) return true
    this.lose('it was not renewed in time')
    return false
  }

  async release(): Promise<void> {
    const held = this.holds()
    this.end()
    await this.renewing
    if (!held) return
    try {
      const kv = await openKv(this.parts.link.mustBeLive(), bucketId('locks', this.parts.namespace))
      await kv.delete(this.key, { previousSeq: this.revision })
    } catch (error) {
      this.parts.deps.log.debug({ key: this.key, error: describeError(error) }, 'the lease could not be given back; it runs out by itself')
    }
  }

  private async renewForEver(): Promise<void> {
    for (let waitMs = this.ttlMs * renewEvery; ;) {
      await sleep(waitMs, undefined, { signal: this.ended.signal }).catch(() => undefined)
      if (!this.holds()) return
      waitMs = await this.renew()
    }
  }

  /** How long to wait until the next renewal. */
  private async renew(): Promise<number> {
    const { link, deps, namespace } = this.parts
    const sent = instant(deps)
    try {
      const kv = await openKv(link.mustBeLive(), bucketId('locks', namespace))
      this.revision = await kv.update(this.key, encode(this.holder, this.nonce), this.revision, this.ttlMs * renewTimeout)
      this.renewed = sent
      this.expireLater()
      return this.ttlMs * renewEvery
    } catch (error) {
      const refused = refusal(error)
      if (refused.code === 'stale_revision') return await this.reconsider()
      deps.log.debug({ key: this.key, code: refused.code }, 'the lease was not renewed; trying again')
      return this.ttlMs * renewAgain
    }
  }

  /** Somebody changed the key: ourselves, when the answer to an earlier renewal was lost, or a new holder. */
  private async reconsider(): Promise<number> {
    try {
      const kv = await openKv(this.parts.link.mustBeLive(), bucketId('locks', this.parts.namespace))
      const entry = await kv.get(this.key)
      if (entry !== null && decode(entry.value)?.nonce === this.nonce) this.revision = entry.revision
      else this.lose('another holder has it')
      return 0
    } catch (error) {
      this.parts.deps.log.debug({ key: this.key, error: describeError(error) }, 'cannot see who holds the lease; trying again')
      return this.ttlMs * renewAgain
    }
  }

  private expireLater(): void {
    clearTimeout(this.expiry)
    this.expiry = setTimeout(() => this.holds(), this.ttlMs - elapsedMs(this.renewed, this.parts.deps) + 1)
  }

  private lose(reason: string): void {
    if (this.ended.signal.aborted) return
    this.end()
    this.parts.deps.log.warn({ code: 'lease_lost', key: this.key, token: this.token, reason }, 'lost the lease')
  }

  private end(): void {
    clearTimeout(this.expiry)
    this.ended.abort()
  }
}

function encode(holder: string, nonce: string): string {
  return JSON.stringify({ v: valueVersion, data: { holder, nonce } })
}

function decode(data: Uint8Array): { holder: unknown; nonce: unknown } | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(data))
    return { holder: value?.data?.holder, nonce: value?.data?.nonce }
  } catch {
    return undefined
  }
}
