/** Something that is not as it should be. */
export interface Finding {
  readonly what: string
  /** The alert with which its story is told, and between which moments of performance.now(). */
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
}
