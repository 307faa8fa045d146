import { acks } from './ack/acks.ts'
import type { CompanionKind } from './companion.ts'
import { undeliverable } from './delivery/undeliverable.ts'
import { inhibitions } from './inhibit/inhibitions.ts'
import { silences } from './silence/silences.ts'
import { windows } from './window/windows.ts'

/** To add one: a folder of its own, a line here. Muters are asked in this order. */
export const companionKinds: readonly CompanionKind[] = [inhibitions, windows, silences, acks, undeliverable]
