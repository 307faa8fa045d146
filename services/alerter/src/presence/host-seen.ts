/** A service of a host, as it was heard. */
export interface ServiceSeen {
  /** By the monotonic clock; what was heard before this start counts as heard when it began. */
  heardMs: number
  /** Between its heartbeats. */
  intervalMs: number
  /** The run of the process that was heard last; null: an earlier run of ours heard it. */
  instance: string | null
  /** It said that it stops: that is no silence. */
  isStopped: boolean
  isSilent: boolean
}

/** A backup job of a host. */
export interface JobSeen {
  /** When its next event is due at the latest, by the clock of its host. */
  dueMs: number
  isLate: boolean
}

/** One host, as it was heard. Times are of our monotonic clock unless they say otherwise. */
export interface HostSeen {
  readonly host: string
  /** The configuration wants it to be missed. */
  isMissed: boolean
  /** When it was first heard of, by our wall clock. */
  readonly sinceWallMs: number
  /** Its collector was heard at least once; else only services of it are known. */
  hasCollector: boolean
  heardMs: number
  /** By our wall clock, for people. */
  heardWallMs: number
  /** Since when it is heard without a pause. */
  backMs: number
  /** Its collector said that it stops, by our wall clock; null: it did not. */
  stoppedWallMs: number | null
  /** By our wall clock; null when it is up for long, or that is not known. */
  bootedWallMs: number | null
  /** Until when it is spared after that boot, by our wall clock. */
  sparedUntilMs: number
  /** `missing`: one of many that fell silent at once. */
  state: 'heard' | 'silent' | 'missing'
  readonly services: Map<string, ServiceSeen>
  readonly jobs: Map<string, JobSeen>
}

/** A moment by both our clocks. */
export interface Moment {
  readonly ms: number
  readonly wallMs: number
}

export function newHost(host: string, at: Moment): HostSeen {
  return {
    host,
    isMissed: true,
    sinceWallMs: at.wallMs,
    hasCollector: false,
    heardMs: at.ms,
    heardWallMs: at.wallMs,
    backMs: at.ms,
    stoppedWallMs: null,
    bootedWallMs: null,
    sparedUntilMs: 0,
    state: 'heard',
    services: new Map(),
    jobs: new Map(),
  }
}
