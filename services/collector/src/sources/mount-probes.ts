/** How full one file system is. */
export interface Usage {
  readonly sizeBytes: number
  readonly freeBytes: number
  /** Free for a user who is not root. */
  readonly availableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

export type Answer = { kind: 'usage'; usage: Usage } | { kind: 'refused' }

/**
 * Node has 4 threads for this, and file access and DNS need one of them. Each mount that hangs holds one until it answers; when so many hang
 * all mounts are stale, and nothing else is disturbed.
 */
const maxInFlight = 3
/** How long a look waits for mounts that it asked itself; shorter than the shortest cadence. */
const patienceMs = 200

/**
 * Asks mounts how full they are, each with one question in flight: a mount that hangs is not asked again before it has answered, and the
 * others are never kept waiting by it.
 */
export class MountProbes {
  readonly #statfs: (path: string) => Promise<Usage>
  readonly #inFlight = new Set<string>()

  constructor(statfs: (path: string) => Promise<Usage>) {
    this.#statfs = statfs
  }

  /** The answers that came in time. A path without one is stale. Never rejects. */
  async ask(paths: readonly string[]): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>()
    const queue = paths.filter((path) => !this.#inFlight.has(path))
    const free = Math.max(0, maxInFlight - this.#inFlight.size)
    const { promise: patienceEnded, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      queue.length = 0
      resolve()
    }, patienceMs)
    await Promise.race([Promise.all(Array.from({ length: free }, () => this.#work(queue, answers))), patienceEnded])
    clearTimeout(timer)
    return new Map(answers)
  }

  async #work(queue: string[], answers: Map<string, Answer>): Promise<void> {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      this.#inFlight.add(path)
      try {
        answers.set(path, { kind: 'usage', usage: await this.#statfs(path) })
      } catch {
        answers.set(path, { kind: 'refused' })
      }
      this.#inFlight.delete(path)
    }
  }
}
