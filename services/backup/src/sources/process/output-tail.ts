import { hideLogins, hideValue } from '@nightshift/shared/config/secrets'

/** The last part of what a program says, however much that is; without its secrets. */
export class OutputTail {
  readonly #limitBytes: number
  readonly #secrets: readonly string[]
  #kept = Buffer.alloc(0)

  constructor(limitBytes: number, secrets: readonly string[] = []) {
    this.#limitBytes = limitBytes
    this.#secrets = secrets
  }

  add(chunk: Buffer): void {
    // Twice as much, so that a secret at the cut is still seen whole.
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-2 * this.#limitBytes)
  }

  /** The last lines, one after the other. */
  text(): string {
    const said = this.#secrets.reduce(hideValue, this.#kept.toString('utf8'))
    const shown = hideLogins(said).slice(-this.#limitBytes)
    const lines = shown.split('\n').map((line) => line.trim())
    return lines
      .filter((line) => line !== '')
      .slice(-8)
      .join(' | ')
      .slice(-1500)
  }
}
