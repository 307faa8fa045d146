/** Runs tasks one after the other. One that needs no waiting is done at once when nothing else is under way. */
export class Serial {
  #last: Promise<unknown> | undefined

  run(task: () => Promise<void> | void): Promise<void> | void {
    const result = this.#last === undefined ? task() : this.#last.then(task)
    if (!(result instanceof Promise)) return
    const settled: Promise<unknown> = result
      .catch(() => undefined)
      .then(() => {
        if (this.#last === settled) this.#last = undefined
      })
    this.#last = settled
    return result
  }
}
