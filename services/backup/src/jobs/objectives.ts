/** What a job promises: how much may be lost, and how long a restore may take. Milliseconds; null: nothing was promised. */
export interface Objectives {
  readonly rpoMs: number | null
  readonly rtoMs: number | null
}

/** What was measured, against what was promised. `met` is null while it is not known. */
export interface Standing {
  /** Age of what the newest good snapshot holds; null when there is none. */
  readonly rpoSeconds: number | null
  readonly rpoMet: boolean | null
  /** How long the last restore or drill took; null when there was none. */
  readonly rtoSeconds: number | null
  readonly rtoMet: boolean | null
}

/** Pure: how a job stands to its objectives. `contentMs` is when the run that made the newest good snapshot began to read. */
export function judgeObjectives(
  objectives: Objectives,
  measured: { contentMs: number | null; restoreSeconds: number | null },
  nowMs: number,
): Standing {
  const ageMs = measured.contentMs === null ? null : Math.max(0, nowMs - measured.contentMs)
  const { restoreSeconds } = measured
  return {
    rpoSeconds: ageMs === null ? null : ageMs / 1000,
    rpoMet: objectives.rpoMs === null ? null : ageMs !== null && ageMs <= objectives.rpoMs,
    rtoSeconds: restoreSeconds,
    rtoMet: objectives.rtoMs === null || restoreSeconds === null ? null : restoreSeconds * 1000 <= objectives.rtoMs,
  }
}
