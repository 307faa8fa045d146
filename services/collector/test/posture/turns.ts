/** How often other work got its turn while something ran: how long each took would depend on what else the machine does. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isRunning = true
  const next = (): void => {
    if (!isRunning) return
    turns++
    setImmediate(next)
  }
  setImmediate(next)
  try {
    await work()
  } finally {
    isRunning = false
  }
  return turns
}
