import { neverFired } from '../alert/life.ts'
import type { Stage } from './pipeline.ts'

/** People hear of what fires, and of the end of what they heard of. Pending is for the console. */
export const dropUntold: Stage = (candidate) => {
  const { phase, reason } = candidate.event
  const isTold = phase === 'firing' || phase === 'updated' || (phase === 'resolved' && !neverFired(reason))
  return isTold ? candidate : undefined
}
