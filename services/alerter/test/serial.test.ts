import { describe, expect, it } from 'vitest'
import { Serial } from '../src/serial.ts'

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

describe('serial', () => {
  it('runs tasks one after the other, in order, also after one failed', async () => {
    const serial = new Serial()
    const seen: string[] = []
    const task =
      (name: string, ms: number, fails = false) =>
      async () => {
        seen.push(`${name} begins`)
        await pause(ms)
        seen.push(`${name} ends`)
        if (fails) throw new Error(name)
      }
    const all = [task('a', 20), task('b', 5, true), task('c', 1)].map((one) => Promise.resolve(serial.run(one)))
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('does at once what needs no waiting, and only then', async () => {
    const serial = new Serial()
    const seen: string[] = []
    expect(serial.run(() => void seen.push('now'))).toBeUndefined()
    expect(seen).toEqual(['now'])
    const busy = serial.run(() => pause(10))
    const later = serial.run(() => void seen.push('later'))
    expect(seen).toEqual(['now'])
    await busy
    await later
    expect(seen).toEqual(['now', 'later'])
    await pause(1)
    expect(serial.run(() => void seen.push('again'))).toBeUndefined()
  })
})
