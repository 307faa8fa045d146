import type { HostPaths } from '../procfs/host-paths.ts'

export type Level = 'warning' | 'critical'

/** Something that is not as it should be. Never holds a secret, a key or the content of a file. */
export interface Finding {
  readonly text: string
  readonly level: Level
}

/** What is remembered of one thing, so that the next look can tell whether it changed. */
export interface Fact {
  /** What a person is told; null when it cannot be told this time: then it counts as unchanged. */
  readonly text: string | null
  /** Tells apart what the text does not; never shown. */
  readonly digest?: string
}

/** Facts by what a person calls the thing. */
export type Facts = Map<string, Fact>

/** What one look at an aspect of the host gave. */
export interface Look {
  findings: Finding[]
  /** What the next look is compared with, in parts that can be read or not each by itself; null: this one could not. */
  parts: Map<string, Facts | null>
  /** A part that was not there before is news, not merely looked at for the first time. */
  newPartsAreNews: boolean
  /** Why things could not be looked at. */
  unread: string[]
  lookedAt: number
  /** Numbers for the fields of the metric group. */
  fields: { certificate_expiry_seconds?: number | null; failed_logins?: number | null }
}

export interface LookContext {
  readonly host: HostPaths
  readonly nowMs: number
  /** Aborted when the time is up or the collector stops. */
  readonly signal: AbortSignal
}

/** Things of a look that are remembered; of a host with more, the first. */
export const maxFacts = 5000

export function newLook(): Look {
  return { findings: [], parts: new Map(), newPartsAreNews: false, unread: [], lookedAt: 0, fields: {} }
}
