import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { CollectorConfig } from '../config.ts'
import type { Room, RoomContext, RoomDefinition } from './room.ts'

/** The rooms that the config asks for. */
export class RoomSet {
  readonly #definitions: readonly RoomDefinition[]
  readonly #context: RoomContext
  readonly #rooms = new Map<string, Room>()

  constructor(definitions: readonly RoomDefinition[], context: RoomContext) {
    this.#definitions = definitions
    this.#context = context
  }

  async apply(config: CollectorConfig): Promise<void> {
    for (const definition of this.#definitions) await this.#applyOne(definition, config)
  }

  /** Checks that the rooms report. */
  checkNames(): string[] {
    return [...this.#rooms.values()].flatMap((room) => room.checkNames?.() ?? [])
  }

  self(): SelfMetrics {
    return Object.assign({}, ...[...this.#rooms.values()].map((room) => room.self()))
  }

  async stop(): Promise<void> {
    const rooms = [...this.#rooms.values()]
    this.#rooms.clear()
    await Promise.all(rooms.map((room) => room.stop()))
  }

  async #applyOne(definition: RoomDefinition, config: CollectorConfig): Promise<void> {
    const known = this.#rooms.get(definition.name)
    if (!definition.isAskedFor(config)) {
      this.#rooms.delete(definition.name)
      await known?.stop()
      return
    }
    const room = known ?? (await definition.open(this.#context))
    this.#rooms.set(definition.name, room)
    await room.apply(config)
  }
}
