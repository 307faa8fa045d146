import type { Clock } from '@nightshift/shared/clock'
import { readPatiently } from '../procfs/read-patiently.ts'
import type { Fields } from '../sources/source.ts'

/** Drivers may take their time over these files, and some wait for a lock of the whole network: so rarely, and never synchronously. */
const everyMs = 10_000
const bytesPerMegabit = 1_000_000 / 8

/** Whether links are up and how fast they are, as far as it is known by now. Looks of its own, one file at a time. */
export class NicLinks {
  readonly #folder: string
  readonly #clock: Clock
  #known = new Map<string, Fields>()
  #isLooking = false
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(sys: string, clock: Clock) {
    this.#folder = `${sys}/class/net`
    this.#clock = clock
  }

  /** Nothing before the first look has ended. */
  fields(nic: string): Fields {
    return this.#known.get(nic) ?? {}
  }

  /** Begins a look where one is due. A driver that hangs keeps what was known, and is not asked again before it answered. */
  look(nics: readonly string[]): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#isLooking || nowMs - this.#lastMs < everyMs) return
    this.#lastMs = nowMs
    this.#isLooking = true
    void this.#readAll(nics)
  }

  async #readAll(nics: readonly string[]): Promise<void> {
    const known = new Map<string, Fields>()
    for (const nic of nics) {
      // A name from /proc/net/dev cannot hold a slash, but may be `..`.
      if (nic.startsWith('.')) continue
      known.set(nic, linkFields(await this.#read(nic, 'operstate'), await this.#read(nic, 'speed')))
    }
    this.#known = known
    this.#isLooking = false
  }

  async #read(nic: string, file: string): Promise<string | undefined> {
    try {
      return await readPatiently(`${this.#folder}/${nic}/${file}`)
    } catch {
      return undefined
    }
  }
}

/** Drivers that do not know call their state unknown, and it works; a speed of -1 is none. */
export function linkFields(state: string | undefined, speed: string | undefined): Fields {
  const megabits = /^\d{1,9}\n?$/.test(speed ?? '') ? Number(speed) : 0
  return {
    ...(state === undefined ? {} : { up: /^(?:up|unknown)\n?$/.test(state) ? 1 : 0 }),
    ...(megabits > 0 ? { speed_bytes_per_second: megabits * bytesPerMegabit } : {}),
  }
}
