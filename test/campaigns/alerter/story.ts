interface Note {
  readonly atMs: number
  /** null: it befell all of them. */
  readonly about: string | null
  readonly what: string
}

const beforeMs = 1500

/** What happened when, so that whatever looks wrong can be told from its beginning. */
export class Story {
  readonly #notes: Note[] = []
  readonly #startedMs = performance.now()

  note(what: string, about: string | null = null): void {
    this.#notes.push({ atMs: performance.now(), about, what })
  }

  /** What happened to one thing between two moments of performance.now(), and what befell all meanwhile. */
  of(about: string, fromMs: number, toMs: number): string[] {
    return this.#notes
      .filter((note) => note.atMs >= fromMs - beforeMs && note.atMs <= toMs && (note.about === about || note.about === null))
      .map(({ atMs, what }) => `${((atMs - this.#startedMs) / 1000).toFixed(3)} ${what}`)
  }
}
