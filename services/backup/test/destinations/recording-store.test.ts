import { expect, it } from 'vitest'
import { crashStates, RecordingStore } from './recording-store.ts'
import { countFiles } from './restic-bed.ts'
import { fileFor, put } from './store-conformance.ts'

it('gives every state that a crash may leave', async () => {
  const store = new RecordingStore()
  const pack = await put(store, 'data', Buffer.from('a pack'))
  await Promise.all([put(store, 'data', Buffer.from('second')), put(store, 'index', Buffer.from('index'))])
  await store.remove(pack)
  const states = await Promise.all([...crashStates(store.steps)].map(async (state) => ({ ...state, ...(await countFiles(state.store)) })))
  const summary = states.map(({ at, variant, total, damaged }) => `${at} ${variant} ${total} ${damaged}`)
  expect(summary).toEqual([
    '0 dropped 0 0',
    '1 dropped 0 0',
    '1 landed 1 0',
    '1 torn 1 1',
    '2 dropped 1 0',
    '3 dropped 1 0',
    '3 landed 2 0',
    '3 torn 2 1',
    '4 dropped 1 0',
    '4 landed 3 0',
    '4 torn 2 1',
    '5 dropped 2 0',
    '5 landed 3 0',
    '6 dropped 3 0',
    '7 dropped 3 0',
    '7 landed 2 0',
    '8 dropped 2 0',
  ])
  expect(await states.at(-1)?.store.sizeOf(pack)).toBeUndefined()
  expect(await states.at(-1)?.store.sizeOf(fileFor('index', Buffer.from('index')))).toBe(5)
})
