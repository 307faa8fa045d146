import type { MemberState } from './course/member-state.ts'

/** What was done for one member, for those who asked. */
export interface MemberResult {
  readonly job: string
  readonly snapshot: string
  /** What is there now: paths, or databases. */
  readonly restored: readonly string[]
  /** What was live before, by the name it has now. */
  readonly kept: readonly string[]
  readonly files: number
  readonly bytes: number
  /** Files that were read back and compared, or facts that were counted again. */
  readonly checked: number
  /** Rows (or keys) that were copied into what is live. */
  readonly rows: number | null
  readonly notes: readonly string[]
}

/** One job's part of a restore. Its state is stored before each step; whatever is not `stage` can be done twice. */
export interface Member {
  readonly state: MemberState
  /** Brings the data beside what is live, and compares it with the snapshot. */
  stage(): Promise<void>
  /** What is beside gets the name under which people find it. */
  place(): Promise<void>
  swap(): Promise<void>
  copy(): Promise<void>
  /** Undoes `swap` or `place`, however far it came. */
  revert(): Promise<void>
  /** Removes what is only beside. */
  discard(): Promise<void>
  /** Removes what only the restore itself needed. */
  clean(): Promise<void>
  result(): MemberResult
}

/** Stores the state of a member; durable when it resolves. */
export type SaveState = (state: MemberState) => Promise<void>
