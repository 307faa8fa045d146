import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind, ShardView } from './companion.ts'
import { companionKinds } from './companion-registry.ts'
import type { AlerterConfig } from './config.ts'
import type { Muter } from './mute/mute.ts'
import type { FollowedStream, Position } from './state/position.ts'
import type { Change } from './tracking/engine.ts'

/** All companions of a shard as one, in their order. */
export class Companions {
  readonly muters: readonly Muter[]
  readonly #all: readonly Companion[]
  readonly #readers: readonly Companion[]

  /** `first` come before those of the registry. */
  constructor(view: ShardView, first: readonly CompanionKind[]) {
    this.#all = [...first, ...companionKinds].map((open) => open(view))
    this.muters = this.#all.flatMap(({ muters }) => muters ?? [])
    this.#readers = this.#all.filter((companion) => 'reads' in companion)
  }

  async open(): Promise<void> {
    for (const companion of this.#all) await companion.open?.()
  }

  reads(subject: string): boolean {
    return this.#readers.some((companion) => companion.reads?.(subject) === true)
  }

  see(received: Received, at: { stream: FollowedStream; position: Position }): Change[] {
    return this.#all.flatMap((companion) => companion.see?.(received, at) ?? [])
  }

  takesOver(event: AlertEvent): boolean {
    return this.#all.some((companion) => companion.takesOver?.(event) === true)
  }

  async told(event: AlertEvent): Promise<void> {
    for (const companion of this.#all) await companion.told?.(event)
  }

  async reload(config: AlerterConfig): Promise<void> {
    for (const companion of this.#all) await companion.reload?.(config)
  }

  notReady(): string[] {
    return this.#all.flatMap((companion) => companion.notReady?.() ?? [])
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(async (companion) => await companion.stop?.()))
  }
}
