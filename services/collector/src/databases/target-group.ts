import { findGroup } from '@nightshift/shared/metrics/catalogue'
import type { Fields, Item, Reading } from '../sources/source.ts'

/** What one look at a server gave. */
export interface Look {
  readonly fields: Fields
  /** Things of the server that have a group of their own, such as its tables, without the label `target`. Only those that were asked for now. */
  readonly beside?: Readonly<Record<string, Things>>
}

export interface Things {
  readonly items: readonly Item[]
  /** How many more there are. */
  readonly overflow?: number
}

/** One server of the config. */
export interface Target {
  readonly name: string
  /** Undefined when the server does not answer. Never rejects. */
  look(): Promise<Look | undefined>
  /** What was seen before does not compare with what comes: the machine slept in between. */
  forget(): void
  close(): void
}

/** All the servers of a kind as one group. One that is away has `up` 0 and all else null, and so have its things: they are not gone. */
export class TargetGroup {
  readonly #group: string
  readonly #targets: readonly Target[]
  readonly #last = new Map<Target, Map<string, Things>>()

  constructor(group: string, targets: readonly Target[]) {
    this.#group = group
    this.#targets = targets
  }

  /** As `Source.read`; each server's rates are over the time between its own two answers. */
  async read(intervalSeconds: number | null): Promise<Reading> {
    if (intervalSeconds === null) for (const target of this.#targets) target.forget()
    const looks = await Promise.all(this.#targets.map(async (target) => [target, await target.look()] as const))
    const items = looks.map(([target, look]) => ({
      target: target.name,
      up: look === undefined ? 0 : 1,
      ...(look?.fields ?? this.#unreadable()),
    }))
    const beside = this.#beside(looks)
    return {
      items,
      unreadable: looks.filter(([, look]) => look === undefined).length,
      ...(Object.keys(beside).length === 0 ? {} : { beside }),
    }
  }

  close(): void {
    for (const target of this.#targets) target.close()
  }

  /** A group goes out when any server gave it; the others are in it with what they gave last. */
  #beside(looks: readonly (readonly [Target, Look | undefined])[]): Record<string, Reading> {
    const groups = new Set(looks.flatMap(([, look]) => Object.keys(look?.beside ?? {})))
    for (const [target, look] of looks) {
      const last = this.#last.get(target) ?? new Map<string, Things>()
      for (const [group, things] of Object.entries(look?.beside ?? {})) last.set(group, things)
      this.#last.set(target, last)
    }
    const readings: Record<string, Reading> = {}
    for (const group of groups) {
      const reading = { items: [] as Item[], overflow: 0 }
      for (const [target, look] of looks) {
        const { items = [], overflow = 0 } = this.#last.get(target)?.get(group) ?? {}
        reading.items.push(...items.map((item) => ({ target: target.name, ...(look === undefined ? withoutValues(item) : item) })))
        reading.overflow += overflow
      }
      readings[group] = reading
    }
    return readings
  }

  #unreadable(): Fields {
    const fields = Object.keys(findGroup(this.#group)?.items?.fields ?? {}).filter((field) => field !== 'up')
    return Object.fromEntries(fields.map((field) => [field, null]))
  }
}

function withoutValues(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, typeof value === 'string' ? value : null]))
}

/** What a driver gave, as a number; null for what is none. Large integers come as text. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  const number =
    typeof value === 'number' || typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'string' && value !== ''
        ? Number(value)
        : Number.NaN
  return Number.isFinite(number) ? number : null
}
