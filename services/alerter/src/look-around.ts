import type { ShardView } from './companion.ts'

/**
 * Looks again and again, between messages, each time so long after the last look was over: however long one takes, they do not pile up. Gives
 * what ends it.
 */
export function lookAround({ exclusively }: Pick<ShardView, 'exclusively'>, everyMs: number, look: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const schedule = (): void => {
    if (isOver) return
    timer = setTimeout(() => void exclusively(look).then(schedule), everyMs)
    timer.unref()
  }
  schedule()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
