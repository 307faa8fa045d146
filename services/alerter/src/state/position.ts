/**
 * How far a stream was read. A stream that was made anew counts from 1 again: `generation` grows, so that an old place never hides a new
 * message.
 */
export interface Position {
  readonly generation: number
  readonly seq: number
}

export type FollowedStream = 'METRICS' | 'EVENTS'
export type Positions = Readonly<Record<FollowedStream, Position>>

export const startPosition: Position = { generation: 0, seq: 0 }
export const startPositions: Positions = { METRICS: startPosition, EVENTS: startPosition }

/** Whether `a` is at `b` or beyond. */
export function covers(a: Position, b: Position): boolean {
  return a.generation === b.generation ? a.seq >= b.seq : a.generation > b.generation
}
