const maxKeys = 1000

/** Says of each key whether it comes for the first time, so that a log tells each thing once. Forgets all when it has seen too many. */
export class Once {
  private readonly seen = new Set<string>()

  first(key: string): boolean {
    if (this.seen.has(key)) return false
    if (this.seen.size >= maxKeys) this.seen.clear()
    this.seen.add(key)
    return true
  }

  forget(): void {
    this.seen.clear()
  }
}
