import type { Level, Run } from '../../rules/rule.ts'
import type { Standings } from '../../rules/standing.ts'

/** What the last samples of a series were, a bit for each, per level of the rule; the newest is the lowest. */
export interface RunHistory {
  readonly bits: number[]
  /** Samples that are known. */
  seen: number
}

export function emptyHistory(levels: readonly Level[]): RunHistory {
  return { bits: levels.map(() => 0), seen: 0 }
}

/**
 * Where a series stands when a level asks for so many samples of the last few. undefined: too few are known to tell, as after a start, so
 * everything holds.
 */
export function judgeRun(history: RunHistory, levels: readonly Level[], run: Run, standings: Standings): Standings | undefined {
  history.seen = Math.min(run.of, history.seen + 1)
  const unknown = run.of - history.seen
  const judged: Standings = {}
  let isCertain = true
  for (const [index, { severity }] of levels.entries()) {
    const isOver = standings[severity] === 'over'
    // Of 32 bits all are used, and shifts are done in 32 bits.
    const bits = (((history.bits[index] ?? 0) << 1) | (isOver ? 1 : 0)) & (run.of >= 32 ? -1 : (1 << run.of) - 1)
    history.bits[index] = bits
    const overs = bitsIn(bits)
    if (overs >= run.times) judged[severity] = 'over'
    else if (overs + unknown >= run.times) isCertain = false
    else judged[severity] = isOver ? 'between' : (standings[severity] ?? 'clear')
  }
  return isCertain ? judged : undefined
}

function bitsIn(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
