import type { LogNotice } from '../record.ts'
import type { Burst } from './auth/auth-bursts.ts'
import type { ErrorGroup } from './errors/error-groups.ts'
import type { Masker } from './masking/masker.ts'
import { burstNotice, groupNotice, slowNotice } from './notices.ts'
import type { Endpoint } from './requests/endpoints.ts'

export interface NoticeBounds {
  /** How often the same is said again while it goes on. */
  readonly repeatMs: number
  readonly slowSeconds: number
  readonly windowSeconds: number
}

/** At once, and then one every two seconds: what is not said now is said later, with all that came in the meantime. */
const mostAtOnce = 30
const refillMs = 2000

/** Decides what is said, and when: the first time at once, then once per `repeat` while it goes on. */
export class NoticeDesk {
  readonly #bounds: NoticeBounds
  readonly #masker: Masker
  #allowance = mostAtOnce
  #refilledMs: number | undefined

  constructor(bounds: NoticeBounds, masker: Masker) {
    this.#bounds = bounds
    this.#masker = masker
  }

  drain(bursts: readonly Burst[], groups: readonly ErrorGroup[], endpoints: readonly Endpoint[], nowMs: number): LogNotice[] {
    this.#refill(nowMs)
    const { repeatMs, slowSeconds, windowSeconds } = this.#bounds
    const notices = bursts.map((burst) => burstNotice(burst, windowSeconds, this.#masker))
    const dueGroups = groups
      .filter(({ dueMs, unsaid }) => unsaid > 0 && dueMs <= nowMs)
      .toSorted((a, b) => b.level - a.level || b.unsaid - a.unsaid)
    for (const group of this.#allowed(dueGroups)) {
      group.dueMs = nowMs + repeatMs
      notices.push(groupNotice(group, this.#masker))
    }
    const dueEndpoints = endpoints
      .filter(({ dueMs, unsaidSlow }) => unsaidSlow > 0 && dueMs <= nowMs)
      .toSorted((a, b) => b.unsaidSlow - a.unsaidSlow)
    for (const endpoint of this.#allowed(dueEndpoints)) {
      endpoint.dueMs = nowMs + repeatMs
      notices.push(slowNotice(endpoint, slowSeconds, nowMs, this.#masker))
    }
    return notices
  }

  #allowed<T>(due: readonly T[]): readonly T[] {
    const allowed = due.slice(0, this.#allowance)
    this.#allowance -= allowed.length
    return allowed
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#refilledMs ?? nowMs))
    const refilled = Math.floor(elapsedMs / refillMs)
    this.#allowance = Math.min(mostAtOnce, this.#allowance + refilled)
    this.#refilledMs = this.#refilledMs === undefined || refilled > 0 ? nowMs : this.#refilledMs
  }
}
