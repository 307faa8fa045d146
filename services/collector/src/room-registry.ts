import type { RoomDefinition } from './room.ts'

/** To add one: a folder of its own, a line here, its section in config/. */
export const roomDefinitions: readonly RoomDefinition[] = []
