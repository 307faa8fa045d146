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

/** A mount that is asked. */
export interface Question {
  readonly path: string
  /** Who answers, where that is another machine or a program: it can hang, and then all its mounts do. */
  readonly server?: string | undefined
}

/** Node has 4 threads for this, and file access and DNS need one of them. Each mount that hangs holds one until it answers. */
const maxInFlight = 3
/** Of mounts that other machines answer for: however many of those hang, one thread is left for the disks of this one. */
const maxRemoteInFlight = 2
/** How long a look waits for mounts that it asked itself; shorter than the shortest cadence. */
const patienceMs = 200

/**
 * Asks mounts how full they are, each with one question in flight: a mount that hangs is not asked again before it has answered, and the
 * others are never kept waiting by it. Of a server too: while one of its mounts hangs, its others are stale without being asked.
 */
export class MountProbes {
  readonly #statfs: (path: string) => Promise<Usage>
  readonly #inFlight = new Map<string, Question>()

  constructor(statfs: (path: string) => Promise<Usage>) {
    this.#statfs = statfs
  }

  /** The answers that came in time. A path without one is stale. Never rejects. */
  async ask(questions: readonly Question[]): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>()
    let waiting = questions.filter(({ path }) => !this.#inFlight.has(path))
    let asked = 0
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const askMore = (): void => {
      waiting = waiting.filter((question) => {
        if (!this.#mayAsk(question)) return true
        asked++
        void this.#ask(question).then((answer) => {
          answers.set(question.path, answer)
          asked--
          askMore()
        })
        return false
      })
      // Those that still wait do so for mounts that hung before this look.
      if (asked === 0) resolve()
    }
    const timer = setTimeout(() => {
      waiting = []
      resolve()
    }, patienceMs)
    askMore()
    await done
    waiting = []
    clearTimeout(timer)
    return new Map(answers)
  }

  #mayAsk({ server }: Question): boolean {
    if (this.#inFlight.size >= maxInFlight) return false
    if (server === undefined) return true
    const remote = [...this.#inFlight.values()].flatMap((each) => each.server ?? [])
    return remote.length < maxRemoteInFlight && !remote.includes(server)
  }

  async #ask(question: Question): Promise<Answer> {
    this.#inFlight.set(question.path, question)
    try {
      return { kind: 'usage', usage: await this.#statfs(question.path) }
    } catch {
      return { kind: 'refused' }
    } finally {
      this.#inFlight.delete(question.path)
    }
  }
}
