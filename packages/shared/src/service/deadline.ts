/** True when the work settled in time, whether it succeeded or failed; the timer does not outlive it. */
export async function settlesWithin(work: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), Math.max(0, deadlineMs))
  const settled = work.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([settled, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
