import { randomBytes } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import { createChunker } from '../../src/repository/chunker/chunker.ts'
import { BlobIndex } from '../../src/repository/index/blob-index.ts'
import { SharedIndex } from '../../src/repository/index/shared-index.ts'
import { Repository } from '../../src/repository/repository.ts'
import { keystream } from './keystream.ts'
import { newRepository } from './new-repository.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

test('a runtime without WebAssembly writes and reads the same repository', async () => {
  const bytes = keystream(300_000)
  const { store, repository } = await newRepository()
  const expected = createChunker({ kind: 'small' }, repository.polynomial).cut(bytes, true)

  vi.stubGlobal('WebAssembly', undefined)
  const opened = await Repository.open(store, { password: 'first' })
  expect(createChunker({ kind: 'small' }, opened.polynomial).cut(bytes, true)).toBe(expected)
  const writer = new BlobWriter(opened)
  const { id } = await writer.save('data', bytes.subarray(0, expected))
  await writer.flush()
  expect(opened.index.find('data', id)).toMatchObject({ plainBytes: null, offset: 0 })

  vi.unstubAllGlobals()
  await repository.loadIndex()
  expect(await repository.readBlob('data', id)).toEqual(bytes.subarray(0, expected))
})

test('without WebAssembly the index grows in a shared array buffer', () => {
  vi.stubGlobal('WebAssembly', undefined)
  const index = new BlobIndex()
  const handle = index.share()
  const [main, other] = [index.claims(), new SharedIndex(handle)]
  const ids = Array.from({ length: 30_000 }, () => randomBytes(32).toString('hex'))
  expect(ids.filter((id) => main.claim('data', id))).toHaveLength(ids.length)
  index.add(
    'ab'.repeat(32),
    ids.map((id, at) => ({ type: 'data', id, offset: at, lengthBytes: 40, plainBytes: null })),
  )
  expect(ids.filter((id) => other.has('data', id))).toHaveLength(ids.length)
  expect(handle.memory.entries).toBeInstanceOf(SharedArrayBuffer)
})
