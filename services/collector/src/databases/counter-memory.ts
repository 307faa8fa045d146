import { ratesPerSecond } from '../sources/rates.ts'

/** Counters of one thing, as the server told them; null for what it does not tell us. */
type Counters<K extends string> = Readonly<Record<K, number | null>>

/** Remembers counters from one look to the next and gives what they grew by per second in between. */
export class CounterMemory<K extends string> {
  #last: { atMs: number; counters: Counters<K> } | undefined

  /** All null on the first look, and when the server started its counters again. */
  rates(nowMs: number, counters: Counters<K>): Record<K, number | null> {
    const last = this.#last
    this.#last = { atMs: nowMs, counters }
    const names = Object.keys(counters) as K[]
    const known = names.filter((name) => counters[name] !== null && (last === undefined || last.counters[name] !== null))
    const pick = (from: Counters<K>): Record<string, number> => Object.fromEntries(known.map((name) => [name, from[name] ?? 0]))
    const seconds = last === undefined || nowMs <= last.atMs ? null : (nowMs - last.atMs) / 1000
    const rates = ratesPerSecond(last === undefined ? undefined : pick(last.counters), pick(counters), seconds)
    return Object.fromEntries(names.map((name) => [name, rates[name] ?? null])) as Record<K, number | null>
  }

  /** After this, what comes is compared with nothing. */
  forget(): void {
    this.#last = undefined
  }
}

/** The same for many things of a kind; one that is not seen again is forgotten. */
export class CounterMemories<K extends string> {
  #memories = new Map<string, CounterMemory<K>>()

  rates(nowMs: number, counters: ReadonlyMap<string, Counters<K>>): Map<string, Record<K, number | null>> {
    const memories = [...counters.keys()].map((key) => [key, this.#memories.get(key) ?? new CounterMemory<K>()] as const)
    this.#memories = new Map(memories)
    return new Map([...counters].map(([key, values]) => [key, this.#memories.get(key)?.rates(nowMs, values) ?? noRates(values)]))
  }

  forget(): void {
    this.#memories.clear()
  }
}

function noRates<K extends string>(counters: Counters<K>): Record<K, null> {
  return Object.fromEntries(Object.keys(counters).map((name) => [name, null])) as Record<K, null>
}
