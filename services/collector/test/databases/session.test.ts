import { expect, test } from 'vitest'
import { Session, type Connection } from '../../src/databases/session.ts'
import { keptLog } from '../kept-log.ts'

/** A server that does as it is told, on a clock that is turned by hand. */
function scene() {
  const state = { nowMs: 0, opened: 0, closed: 0, fails: '', hangs: false }
  const { log, lines } = keptLog()
  const connections: { isOpen: boolean }[] = []
  const session = new Session<Connection & { ask(): Promise<string> }>({
    name: 'postgres main',
    open: async () => {
      state.opened++
      if (state.fails !== '') throw new Error(state.fails)
      const connection = {
        isOpen: true,
        close() {
          if (this.isOpen) state.closed++
          this.isOpen = false
        },
        async ask() {
          if (state.hangs) await new Promise(() => undefined)
          if (!this.isOpen) throw new Error('gone')
          return 'answer'
        },
      }
      connections.push(connection)
      return connection
    },
    explain: (error) => (error instanceof Error ? error.message : ''),
    explainLate: () => 'too late',
    patienceMs: 50,
    clock: { now: () => 0, monotonicMs: () => state.nowMs },
    log,
  })
  const ask = async () => await session.ask(async (connection) => await connection.ask())
  return { state, session, ask, lines, connections }
}

test('one connection is kept for many questions', async () => {
  const { ask, state } = scene()
  expect([await ask(), await ask(), await ask()]).toEqual(['answer', 'answer', 'answer'])
  expect(state).toMatchObject({ opened: 1, closed: 0 })
})

test('a connection that broke between two questions is replaced at once', async () => {
  const { ask, connections, lines } = scene()
  await ask()
  for (const connection of connections) connection.isOpen = false
  expect(await ask()).toBe('answer')
  expect(lines).toEqual([])
})

test('a server that is away is tried with growing pauses, at most half a minute, and said once per reason', async () => {
  const { ask, state, lines } = scene()
  state.fails = 'refused'
  const triedAt: number[] = []
  for (; state.nowMs <= 120_000; state.nowMs += 500) {
    const before = state.opened
    expect(await ask()).toBeUndefined()
    if (state.opened > before) triedAt.push(state.nowMs / 1000)
  }
  expect(triedAt).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  expect(lines).toHaveLength(1)
  state.fails = ''
  state.nowMs += 30_000
  expect(await ask()).toBe('answer')
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
    'postgres main gives no metrics: refused',
    'postgres main answers again',
  ])
})

test('a question that hangs is given up, its connection closed, and never asked twice at a time', async () => {
  const { ask, state, lines } = scene()
  state.hangs = true
  const first = ask()
  expect(await ask()).toBeUndefined()
  expect(await first).toBeUndefined()
  expect(state).toMatchObject({ opened: 1, closed: 1 })
  expect(lines.join('')).toContain('too late')
})

test('closing ends the question at hand, says nothing, and lets nothing be opened again', async () => {
  const { ask, session, state, lines } = scene()
  state.hangs = true
  const question = ask()
  await Promise.resolve()
  session.close()
  expect(await question).toBeUndefined()
  expect(await ask()).toBeUndefined()
  expect(state.opened).toBe(1)
  expect(state.closed).toBe(1)
  expect(lines).toEqual([])
})
