import type { Terminal } from '../commands/command.ts'

/** One word after `nightshift backup`. One file each; listed in verbs.ts. */
export interface Verb {
  /** Flags and arguments, as `--help` prints them. */
  readonly usage: string
  /** Exit code: 0 done, 1 the answer is no, 2 the call is wrong. */
  run(args: string[], terminal: Terminal): Promise<number>
}
