import { HeavyHitters, type SavedHitter } from '../clients/heavy-hitters.ts'
import { AuthBursts, unknownAddress, type Burst, type BurstBounds } from './auth-bursts.ts'
import { findAuthFailure } from './auth-line.ts'

const maxSources = 512
const maxBursts = 20
const maxAnnounced = 64

/** Failed logins of a log: how many, from where, and the bursts that have not been told yet. */
export class AuthWatch {
  burstsTotal = 0
  readonly hitters: HeavyHitters
  readonly #bursts: AuthBursts
  #untold: Burst[] = []
  /** Connections of sshd whose attempt was counted by its first line. */
  readonly #announced = new Set<string>()

  constructor(bounds: BurstBounds, saved: readonly SavedHitter[]) {
    this.#bursts = new AuthBursts(bounds)
    this.hitters = new HeavyHitters(maxSources, saved)
  }

  /** How many failed logins a message tells of. `addressOf` completes and shortens the address in it. */
  look(message: string, addressOf: (address: string | undefined) => string | undefined, timeMs: number): number {
    const failure = findAuthFailure(message)
    if (failure === undefined || this.#isCounted(failure.connection, failure.isAnnouncement === true)) return 0
    const address = addressOf(failure.address) ?? unknownAddress
    const bytes = Buffer.from(address)
    this.hitters.add(bytes, 0, bytes.length, failure.count, 0)
    const burst = this.#bursts.add(address, failure.user, failure.count, timeMs)
    if (burst === undefined) return failure.count
    this.burstsTotal++
    if (this.#untold.length < maxBursts) this.#untold.push(burst)
    return failure.count
  }

  drain(): Burst[] {
    const untold = this.#untold
    this.#untold = []
    return untold
  }

  /** sshd writes "Invalid user" and then "Failed password for invalid user" about one attempt. */
  #isCounted(connection: string | undefined, isAnnouncement: boolean): boolean {
    if (connection === undefined) return false
    if (!isAnnouncement) return this.#announced.delete(connection)
    if (this.#announced.size >= maxAnnounced) this.#announced.delete(this.#announced.keys().next().value ?? '')
    this.#announced.add(connection)
    return false
  }
}
