/** `warning`: works, but should be looked after; `error`: data is damaged or breaks a rule. */
export type FindingSeverity = 'warning' | 'error'

/** A way to put a minor finding right without losing data. */
export interface Repair {
  readonly kind: 'reindex' | 'analyze' | 'vacuum' | 'checkpoint' | 'table' | 'rule'
  readonly statement: string
  /** What it does and costs, for a person. */
  readonly effect: string
}

export interface Finding {
  readonly check: string
  readonly severity: FindingSeverity
  readonly detail: string
  readonly repair?: Repair | undefined
}

/** What was looked at, and what was found. */
export interface Examination {
  /** Tables, indexes and rules that were looked at; 0 means that nothing was verified. */
  readonly checked: number
  readonly findings: readonly Finding[]
}

/** One database, opened for an examination. */
export interface Examiner {
  examine(): Promise<Examination>
  /** Rows of a statement that can change nothing, at most `maxRows`. */
  ask(query: string, maxRows: number): Promise<readonly (readonly unknown[])[]>
  /** How many rows a repair would change; nothing is changed. */
  tryOut(statement: string): Promise<number>
  /** Runs a repair; how many rows it changed. */
  repair(repair: Repair): Promise<number>
  close(): Promise<void>
}
