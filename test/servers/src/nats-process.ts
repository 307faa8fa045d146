/** A nats-server of a test, wherever it runs. It can be started again after its end. */
export interface NatsProcess {
  /** What it has to listen on so that it is reached at 127.0.0.1 of this host, and from nowhere else. */
  readonly listenAddress: string
  /** As this host counts; 0 before the first start. */
  readonly pid: number
  /** What it printed last. */
  output(): string
  start(): Promise<void>
  /** Why it does not run; undefined while it does. */
  ended(): Promise<string | undefined>
  signal(signal: NodeJS.Signals): Promise<void>
  /** Resolves when it does not run. */
  gone(): Promise<void>
  /** Leaves nothing of it behind. */
  remove(): Promise<void>
}

/** What a server needs from the place where it runs. Paths mean the same there as on this host. */
export interface NatsPlace {
  port: number
  configFile: string
  storeDir: string
}

const outputLimitBytes = 32 * 1024

/** The end of what was printed before and now. */
export function outputTail(before: string, text: string): string {
  return (before + text).slice(-outputLimitBytes)
}
