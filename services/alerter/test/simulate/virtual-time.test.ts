import { describe, expect, it, onTestFinished } from 'vitest'
import { VirtualTime } from '../../src/simulate/virtual-time.ts'

function open(leastLookMs?: number): VirtualTime {
  const time = new VirtualTime(1000, leastLookMs)
  onTestFinished(() => time.end())
  return time
}

describe('time that is turned by hand', () => {
  it('runs timers in the order in which they are due, with all that follows from each', async () => {
    const time = open()
    const seen: string[] = []
    const note = (what: string): void => void seen.push(`${what} at ${time.now()}`)
    setTimeout(() => note('late'), 500)
    const every = setInterval(() => note('every'), 200)
    const early = async (): Promise<void> => {
      await Promise.resolve()
      note('early')
      setTimeout(() => note('later on'), 50)
    }
    setTimeout(() => void early(), 100)
    const never = setTimeout(() => note('never'), 50)
    clearTimeout(never)
    await time.advanceTo(1450)
    clearInterval(every)
    await time.advanceTo(9000)
    expect(seen).toEqual(['early at 1100', 'later on at 1150', 'every at 1200', 'every at 1400', 'late at 1500'])
    expect(time.now()).toBe(9000)
  })

  it('looks around less often when it is told to, and keeps every other time exactly', async () => {
    const time = open(1000)
    const seen: string[] = []
    setInterval(() => seen.push(`look at ${time.now()}`), 100)
    setTimeout(() => seen.push(`nobody waits, at ${time.now()}`), 100).unref()
    setTimeout(() => seen.push(`exact at ${time.now()}`), 300)
    await time.advanceTo(3000)
    expect(seen).toEqual(['exact at 1300', 'look at 2000', 'nobody waits, at 2000', 'look at 3000'])
  })

  it('gives the timers back, and never has them twice', async () => {
    const time = open()
    expect(() => new VirtualTime(0)).toThrow(/another simulation/)
    time.end()
    await new Promise<void>((resolve) => setTimeout(resolve, 5))
  })
})
