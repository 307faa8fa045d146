import { ByteTable, copyBytes } from '../bytes/byte-table.ts'
import type { LineRecord } from '../line-record.ts'
import { texts } from '../line-record.ts'
import { EndpointName } from './endpoint-name.ts'
import { LatencySketch } from './latency-sketch.ts'

/** The counters of one endpoint; those that start with `interval` are since the last reading. */
export interface Endpoint {
  readonly name: string
  requests: number
  errors: number
  slow: number
  bytes: number
  intervalRequests: number
  /** Made with the first length of time. */
  sketch: LatencySketch | undefined
  /** Slow requests that were not said yet: how many, the longest, and when the next may be said. */
  unsaidSlow: number
  unsaidMaxSeconds: number
  slowRequestId: string | undefined
  dueMs: number
}

export type SavedEndpoint = readonly [name: string, requests: number, errors: number, slow: number, bytes: number]

const maxEndpoints = 256
/** Of one endpoint; that of all requests together is more exact. */
const endpointError = 0.02
const otherName = '(other)'

/** What is asked for, and how it went. Beyond 256 endpoints new ones count as `(other)`. */
export class Endpoints {
  /** Requests that were counted as `(other)`. */
  overflowTotal = 0
  readonly #table = new ByteTable<Endpoint>(maxEndpoints)
  readonly #other = newEndpoint(otherName)
  readonly #name = new EndpointName()

  constructor(saved: readonly SavedEndpoint[]) {
    for (const [name, requests, errors, slow, bytes] of saved) {
      const endpoint = name === otherName ? this.#other : newEndpoint(name)
      Object.assign(endpoint, { requests, errors, slow, bytes })
      if (endpoint !== this.#other) this.#table.add(Buffer.from(name), endpoint)
    }
  }

  /** The endpoint of a record that has a path. */
  of(record: LineRecord): Endpoint {
    const path = record.bufferOf(texts.path)
    const hasMethod = record.has(texts.method)
    const method = hasMethod ? record.bufferOf(texts.method) : path
    const name = this.#name
    name.write(
      method,
      hasMethod ? record.from(texts.method) : 0,
      hasMethod ? record.to(texts.method) : 0,
      path,
      record.from(texts.path),
      record.to(texts.path),
    )
    const known = this.#table.find(name.bytes, 0, name.length)
    if (known !== undefined) return known
    if (this.#table.isFull) {
      this.overflowTotal++
      return this.#other
    }
    const endpoint = newEndpoint(name.bytes.toString('utf8', 0, name.length))
    this.#table.add(copyBytes(name.bytes, 0, name.length), endpoint)
    return endpoint
  }

  all(): Endpoint[] {
    return [...this.#table.values(), ...(this.#other.requests > 0 ? [this.#other] : [])]
  }

  /** The busiest; the bound keeps what is saved small. */
  save(max: number): SavedEndpoint[] {
    return this.all()
      .toSorted((a, b) => b.requests - a.requests)
      .slice(0, max)
      .map(({ name, requests, errors, slow, bytes }) => [name, requests, errors, slow, bytes])
  }
}

export function addLatency(endpoint: Endpoint, seconds: number): void {
  endpoint.sketch ??= new LatencySketch(endpointError)
  endpoint.sketch.add(seconds)
}

function newEndpoint(name: string): Endpoint {
  return {
    name,
    requests: 0,
    errors: 0,
    slow: 0,
    bytes: 0,
    intervalRequests: 0,
    sketch: undefined,
    unsaidSlow: 0,
    unsaidMaxSeconds: 0,
    slowRequestId: undefined,
    dueMs: 0,
  }
}
