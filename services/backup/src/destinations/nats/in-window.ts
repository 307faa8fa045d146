/** Runs work on each index with so many at once, in order of beginning. The first failure ends it when what runs has come to its end. */
export async function inWindow(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  let failure: { error: unknown } | undefined
  const runOne = async (): Promise<void> => {
    while (next < count && failure === undefined) {
      const index = next++
      try {
        await work(index)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, runOne))
  if (failure !== undefined) throw failure.error
}
