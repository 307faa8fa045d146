/** What one control group has used and may use. null: may not be read; undefined: this kernel does not tell, or there is no such limit. */
export interface CgroupUsage {
  readonly cpuSeconds: number | null | undefined
  /** Processors it may use; a share of one counts as less than 1. */
  readonly cpuLimitCores: number | null | undefined
  /** Periods of its processor limit, and those in which it ran into it. */
  readonly periods: number | null | undefined
  readonly throttledPeriods: number | null | undefined
  readonly throttledSeconds: number | null | undefined
  /** Without the part of the page cache that can be dropped at once: what counts against the limit when memory is short. */
  readonly memoryBytes: number | null | undefined
  readonly memoryLimitBytes: number | null | undefined
  readonly oomKills: number | null | undefined
  readonly pids: number | null | undefined
  readonly pidsLimit: number | null | undefined
  readonly readBytes: number | null | undefined
  readonly writtenBytes: number | null | undefined
}

/** The control groups of a host, whichever version its kernel runs. */
export interface CgroupTree {
  readonly version: 1 | 2
  /** The folder whose folders are looked through; with version 1 all controllers have the same folders. */
  readonly root: string
  /** `path` is relative to the root, such as `docker/4f2a...`. */
  usage(path: string): CgroupUsage
}
