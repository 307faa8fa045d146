import type { BusDeps } from './bus.ts'
import type { RawChange } from './bucket.ts'
import type { Delivery } from './delivery.ts'
import { Following } from './follow.ts'
import type { Link } from './link.ts'

interface Parts {
  link: Link
  deps: BusDeps
  inboxPrefix: string
  /** The bucket's name on the server. */
  bucket: string
  /** Name of the reader, unique on this bucket. */
  name: string
  onChange: (change: RawChange) => void
  deadLetter: (message: Delivery, error: unknown) => Promise<void>
}

/**
 * Follows a bucket: the last value of each key, then every change. When the bucket was made anew, keys that are not in it any more are
 * reported as deleted.
 */
export class BucketWatch {
  /** Resolves when every key that was there at the start has been reported. */
  readonly started: Promise<void>
  private readonly known = new Set<string>()
  private unconfirmed: Set<string> | undefined
  private readonly following: Following

  constructor(parts: Parts) {
    const { bucket, onChange } = parts
    const prefix = `$KV.${bucket}.`
    const { promise, resolve } = Promise.withResolvers<void>()
    this.started = promise
    this.following = new Following(
      {
        name: parts.name,
        filter: `${prefix}>`,
        after: 0,
        handle: (message) => {
          const key = message.subject.slice(prefix.length)
          const data = message.data.length === 0 ? undefined : message.data
          this.unconfirmed?.delete(key)
          if (data === undefined && !this.known.delete(key)) return
          if (data !== undefined) this.known.add(key)
          onChange({ key, data, revision: message.seq })
        },
        onGap: ({ reason }) => {
          if (reason === 'recreated') this.unconfirmed = new Set(this.known)
        },
        onCaughtUp: (seq) => {
          for (const key of this.unconfirmed ?? []) {
            this.known.delete(key)
            onChange({ key, data: undefined, revision: seq })
          }
          this.unconfirmed = undefined
          resolve()
        },
      },
      { ...parts, stream: `KV_${bucket}`, lastPerSubject: true },
    )
  }

  async stop(): Promise<void> {
    await this.following.stop()
  }
}
