import type { Store } from '../destinations/store.ts'

/** How much a store holds and could still take; what cannot be told is no failure. */
export interface Room {
  readonly storedBytes: number | null
  readonly freeBytes: number | null
}

export const unknownRoom: Room = { storedBytes: null, freeBytes: null }

export async function roomOf(store: Store, signal: AbortSignal): Promise<Room> {
  try {
    const { usedBytes, freeBytes } = await store.room(signal)
    return { storedBytes: usedBytes, freeBytes }
  } catch {
    return unknownRoom
  }
}
