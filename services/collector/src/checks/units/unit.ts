/** The state of a unit, by the names of systemd. */
export interface Unit {
  readonly loadState: string
  readonly activeState: string
  readonly subState: string
  /** Of services and a few other kinds. */
  readonly result: string | undefined
  /** Of services; systemd older than 235 does not count. */
  readonly restarts: number | undefined
}
