import { describe, expect, it } from 'vitest'
import { Places } from '../src/places.ts'
import { Turns } from '../src/turns.ts'

/** A task that says when it begins, and ends when it is told to. */
function held(name: string, seen: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const task = async (): Promise<void> => {
    seen.push(`${name} begins`)
    await promise
    seen.push(`${name} ends`)
  }
  return { task, end: resolve }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  it('let the next message come while what the last one began goes on', async () => {
    const [turns, seen] = [new Turns(), [] as string[]]
    const first = held('first', seen)
    await turns.run(() => turns.begin(first.task))
    await turns.run(() => void seen.push('second'))
    expect(seen).toEqual(['first begins', 'second'])
    first.end()
  })

  it('run what is to be alone after all that was begun, and let nothing begin meanwhile', async () => {
    const [turns, seen] = [new Turns(), [] as string[]]
    const [begun, alone, beside] = ['begun', 'alone', 'beside'].map((name) => held(name, seen))
    if (begun === undefined || alone === undefined || beside === undefined) throw new Error('three were asked for')
    await turns.run(() => turns.begin(begun.task))
    const first = turns.exclusively(alone.task)
    await turn()
    const all = [first, turns.alongside(beside.task), Promise.resolve(turns.run(() => void seen.push('message')))]
    await turn()
    expect([seen, turns.isTaken]).toEqual([['begun begins'], true])
    begun.end()
    await turn()
    expect(seen).toEqual(['begun begins', 'begun ends', 'alone begins'])
    alone.end()
    await turn()
    expect(seen.slice(3).toSorted()).toEqual(['alone ends', 'beside begins', 'message'])
    beside.end()
    await Promise.all(all)
    expect(turns.isTaken).toBe(false)
  })

  it('go on after what ran alone has failed', async () => {
    const turns = new Turns()
    await expect(turns.exclusively(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await turns.alongside(() => Promise.resolve())
  })

  it('keep the next message back while too much is under way', async () => {
    const [turns, seen] = [new Turns(), [] as string[]]
    const ends: (() => void)[] = []
    let room = Promise.resolve()
    for (let index = 0; index < 128; index++) {
      const { task, end } = held('', [])
      ends.push(end)
      room = turns.begin(task)
    }
    void room.then(() => seen.push('room'))
    await turn()
    expect(seen).toEqual([])
    ends[0]?.()
    await turn()
    expect(seen).toEqual(['room'])
    for (const end of ends) end()
  })
})

describe('places', () => {
  it('let so many work at once, and the others in the order in which they came', async () => {
    const [places, seen] = [new Places(2), [] as string[]]
    const tasks = ['a', 'b', 'c', 'd'].map((name) => held(name, seen))
    const all = tasks.map(({ task }) => places.run(task))
    await turn()
    expect(seen).toEqual(['a begins', 'b begins'])
    tasks[1]?.end()
    await turn()
    expect(seen.slice(2)).toEqual(['b ends', 'c begins'])
    for (const { end } of tasks) end()
    await Promise.all(all)
    expect(seen.filter((line) => line.endsWith('begins'))).toEqual(['a begins', 'b begins', 'c begins', 'd begins'])
  })

  it('give the place of a task that failed to the next', async () => {
    const places = new Places(1)
    await expect(places.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await places.run(() => Promise.resolve())
  })
})
