import type { CompanionKind } from './companion.ts'

/** To add one: a folder of its own, a line here. Muters are asked in this order. */
export const companionKinds: readonly CompanionKind[] = []
