import type { Clock } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import type { GroupsConfig } from '../config.ts'
import type { Log } from '../log.ts'
import type { HostPaths } from '../procfs/host-paths.ts'

/** The metric groups that this version collects. */
export type CollectedGroup = keyof GroupsConfig

export type Fields = Record<string, number | null>
/** Labels (text) and fields (numbers) of one thing. */
export type Item = Record<string, number | string | null>

/** What one look at the host gave, named as in the catalogue. */
export interface Reading {
  fields?: Fields
  items?: Item[]
  /** Things that are there but were left out because of the cap. */
  overflow?: number
  /** Things that are there but could not be read. */
  unreadable?: number
  /** Readings of other groups that came with this one; each goes out as a message of its own. */
  beside?: Record<string, Reading>
}

/** One group of this host, with what it must remember between two looks. */
export interface Source {
  /**
   * `intervalSeconds` is the time since the last look that succeeded; null when the two cannot be compared (the first one, or the
   * machine slept in between): then every rate is null.
   */
  read(intervalSeconds: number | null): Reading | Promise<Reading>
  close(): void
}

/** What a source may need besides the host's files. */
export interface SourceContext {
  readonly clock: Clock
  readonly log: Log
  /** Cadence when the source was opened. */
  readonly everyMs: number
}

/** The one shape of every file here; registry.ts lists them. */
export interface SourceDefinition<G extends CollectedGroup = CollectedGroup> {
  readonly group: G
  open(host: HostPaths, config: GroupsConfig[G], context: SourceContext): Source
}

/** What a source throws where the machine does not have what it reads: said once, counted as no error, and looked for again later. */
export function unsupported(reason: string): ContractError {
  return new ContractError(unsupportedCode, reason)
}

export const unsupportedCode = 'unsupported_group'

/** Things of a kind that go into one group; more are counted, not sent. */
const maxItems = 64
/** The bound of the contract for a label. */
const maxLabelLength = 1024

export function label(text: string): string {
  return text.length <= maxLabelLength ? text : text.slice(0, maxLabelLength)
}

/** The first 64, and how many were left out. */
export function capItems<T>(things: readonly T[]): { kept: readonly T[]; overflow: number } {
  return things.length <= maxItems ? { kept: things, overflow: 0 } : { kept: things.slice(0, maxItems), overflow: things.length - maxItems }
}

/** Every group by its source, loaded when the group is on; a group without one cannot be had on this platform. */
export type SourceRegistry = { readonly [G in CollectedGroup]?: () => Promise<SourceDefinition<G>> }
