import { hostname } from 'node:os'
import { ConflictError } from '../errors.ts'
import type { ServiceName } from '../subjects.ts'

/** Who an instance of a service is: what it answers to `instance`, and what its heartbeats say. Times are ISO 8601 in UTC. */
export interface InstanceIdentity {
  instance: string
  started_time: string
  pid: number
  /** What the system calls the machine: two machines may claim one `host:` by mistake. */
  machine?: string
}

/** A heartbeat on our own subject. */
export interface Sighting extends InstanceIdentity {
  /** When it was made, by the other's clock. */
  time: string
  state: string
}

/** `go`: the other was first, this instance stops. `stay`: this one was first, and says so at once. */
export type Verdict = 'ignore' | 'stay' | 'go'

const secondSightingMs = 2000
const maxRemembered = 16

/** Decides between two instances with one host name and service: the one that started later goes; of two alike, the one with the higher id. */
export function startedFirst(a: InstanceIdentity, b: InstanceIdentity): boolean {
  return a.started_time === b.started_time ? a.instance < b.instance : a.started_time < b.started_time
}

/**
 * Judges the heartbeats heard on our own subject. The last words of an instance that was just killed may arrive after its successor has
 * started: a heartbeat older than ourselves counts only when the same instance is heard again later.
 */
export class Rivals {
  readonly #own: InstanceIdentity
  readonly #firstHeardMs = new Map<string, number>()

  constructor(own: InstanceIdentity) {
    this.#own = own
  }

  judge(seen: Sighting, monotonicMs: number): Verdict {
    if (seen.instance === this.#own.instance || seen.state === 'stopping') return 'ignore'
    if (startedFirst(this.#own, seen)) return 'stay'
    const firstHeardMs = this.#firstHeardMs.get(seen.instance)
    if (seen.time >= this.#own.started_time || (firstHeardMs !== undefined && monotonicMs - firstHeardMs >= secondSightingMs)) return 'go'
    if (firstHeardMs === undefined && this.#firstHeardMs.size < maxRemembered) this.#firstHeardMs.set(seen.instance, monotonicMs)
    return 'ignore'
  }
}

export function ownIdentity(instance: string, startedTime: string): InstanceIdentity {
  return { instance, started_time: startedTime, pid: process.pid, machine: hostname() }
}

/** What another instance said about itself; undefined when it is no such thing. Checked by hand: the collector's process loads no zod. */
export function readIdentity(value: unknown): (InstanceIdentity & { state?: string; time?: string }) | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { instance, started_time, pid, machine, state, time } = value as Record<string, unknown>
  if (typeof instance !== 'string' || instance.length > 64 || typeof started_time !== 'string' || Number.isNaN(Date.parse(started_time)))
    return undefined
  return {
    instance,
    started_time,
    pid: typeof pid === 'number' ? pid : 0,
    ...(typeof machine === 'string' ? { machine: machine.slice(0, 253) } : {}),
    ...(typeof state === 'string' ? { state } : {}),
    ...(typeof time === 'string' ? { time } : {}),
  }
}

export function duplicateError(service: ServiceName, host: string, other: InstanceIdentity): ConflictError {
  const where = other.machine === undefined ? '' : ` on machine ${other.machine}`
  return new ConflictError(
    'duplicate_instance',
    `another ${service} already runs for host ${host}: pid ${other.pid}${where}, since ${other.started_time}, instance ${other.instance}. ` +
      `Stop one of the two; if they are on different machines, give each its own name with \`host:\` in the configuration`,
    { severity: 'high' },
  )
}
