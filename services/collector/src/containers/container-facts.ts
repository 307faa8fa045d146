/** What a runtime tells about one container, beside what its control group does. */
export interface ContainerFacts {
  readonly id: string
  readonly runtime: string
  readonly name: string
  readonly image: string
  /** Empty outside Kubernetes. */
  readonly namespace: string
  readonly pod: string
  /** Undefined where only a name is known: what has a control group runs. */
  readonly isRunning?: boolean
  /** null while its first health check runs; undefined when it has none. */
  readonly isHealthy?: boolean | null
  /** Restarts as the runtime counts them. */
  readonly restarts?: number
  readonly startedMs?: number
  readonly finishedMs?: number
  /** Of the run that ended last. */
  readonly exitCode?: number
  /** The run that ended last was ended for want of memory. */
  readonly endedByOom?: boolean
}

/** Without a runtime that tells its name: the start of the id, as `docker ps` prints it. */
export function factsOfId(id: string, runtime: string): ContainerFacts {
  return { id, runtime, name: /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id, image: '', namespace: '', pod: '' }
}
