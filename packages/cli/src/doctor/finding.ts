/** What the doctor thinks of one thing. `bad` needs a person before the night. */
export interface Finding {
  verdict: 'good' | 'note' | 'bad'
  what: string
  /** What to do; absent when it is good. */
  advice?: string
}

const marks: Record<Finding['verdict'], string> = { good: 'ok  ', note: 'note', bad: 'BAD ' }

/** `BAD   data folder: not writable; choose another with --data DIR` */
export function formatFinding({ verdict, what, advice }: Finding): string {
  return `${marks[verdict]}  ${what}${advice === undefined ? '' : `; ${advice}`}`
}
