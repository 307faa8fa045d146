/** What the exit code of a service process means; `--help` prints it. */
export const exitCodes = {
  /** Stopped because it was told to. */
  stopped: 0,
  /** Cannot run: the configuration is wrong, the port is taken, or it already runs under this host name. Starting it again does not help. */
  refused: 1,
  /** The flags are wrong. */
  usage: 2,
  /** A defect: the log has the stack. Starting it again may help. */
  crashed: 70,
  /** A second Ctrl-C; what was at hand is left behind. */
  forced: 130,
} as const
