/**
 * `done`: it ran (`failed` when it said so itself, or was ended); only the check tells whether it helped. `impossible`: it cannot start,
 * now or later. `refused`: it was not started, and may be another time.
 */
export interface ActionResult {
  kind: 'done' | 'impossible' | 'refused'
  failed: boolean
  /** One line, without the arguments of the command: they may hold secrets. */
  summary: string
  /** What it printed, masked and cut; null when it has no output of its own. */
  output: string | null
  exitCode: number | null
  durationSeconds: number
}

export interface ActionContext {
  /** Facts of the run for the command's environment; names and ids only. */
  facts: Readonly<Record<string, string>>
  /** The healer stops: end the action. */
  signal: AbortSignal
  /** Called with the process as soon as it lives, so that a restarted healer can find it. */
  onSpawn(process: { pid: number; started: string }): void
}
