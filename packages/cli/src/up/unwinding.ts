import type { Logger } from 'pino'

/** What has to be undone, last done first. One failure does not keep the rest from being undone. */
export class Unwinding {
  private steps: (() => void | Promise<void>)[] = []
  private running: Promise<void> | undefined

  add(step: () => void | Promise<void>): void {
    this.steps.push(step)
  }

  /** Undoes everything; again is the same undoing. */
  run(log?: Logger): Promise<void> {
    this.running ??= this.undo(log)
    return this.running
  }

  private async undo(log?: Logger): Promise<void> {
    for (const step of this.steps.toReversed()) {
      try {
        await step()
      } catch (error) {
        log?.error({ error }, 'something did not stop as it should')
      }
    }
    this.steps = []
  }
}
