import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sourceSchema } from '../../src/config/source-config.ts'
import { createSource } from '../../src/sources/registry.ts'
import type { Material, SourceContext } from '../../src/sources/source.ts'
import { readAll, sourceContext, temporaryFolder } from './source-context.ts'

async function openShell(script: string, more: object = {}, changes: Partial<SourceContext> = {}): Promise<Material> {
  const source = await createSource(sourceSchema.parse({ kind: 'command', argv: ['sh', '-c', script], ...more }))
  return await source.open(sourceContext(changes))
}

async function read(material: Material): Promise<Buffer> {
  const stream = await material.streams[0]?.open(new AbortController().signal)
  return stream === undefined ? Buffer.alloc(0) : await readAll(stream)
}

test('what a program prints becomes a file of the snapshot', async () => {
  const material = await openShell('head -c 300000 /dev/zero; echo "$WORD"', { file_name: 'x.bin', env: { WORD: 'end' } })
  expect(material.paths).toEqual(['/command/x.bin'])
  expect((await read(material)).length).toBe(300_004)
  expect(await material.finish()).toEqual({ 'size_bytes./command/x.bin': 300_004 })
  await material.close()
})

test('a program that fails after it printed everything breaks the stream, with its last words', async () => {
  const material = await openShell('echo data; echo "disk on fire" >&2; exit 3')
  await expect(read(material)).rejects.toMatchObject({ code: 'dump_failed', message: expect.stringMatching(/exit code 3.*disk on fire/) })
  await expect(material.finish()).rejects.toMatchObject({ code: 'dump_failed' })
  await material.close()
})

test('a program that is killed breaks the stream', async () => {
  const material = await openShell('echo data; kill -9 $$')
  await expect(read(material)).rejects.toMatchObject({ code: 'dump_failed', message: expect.stringContaining('SIGKILL') })
  await material.close()
})

test('a program that is not there says so', async () => {
  const source = await createSource(sourceSchema.parse({ kind: 'command', argv: ['/nonexistent/dump'] }))
  const material = await source.open(sourceContext())
  await expect(read(material)).rejects.toMatchObject({ code: 'no_program' })
  await material.close()
})

test('an empty dump, a small one and one far smaller than the last are refused', async () => {
  const empty = await openShell('true')
  await read(empty)
  await expect(empty.finish()).rejects.toMatchObject({ code: 'dump_too_small' })
  const small = await openShell('echo 12345', { min_size: '1KiB' })
  await read(small)
  await expect(small.finish()).rejects.toMatchObject({ code: 'dump_too_small', message: expect.stringContaining('min_size') })
  const shrunk = await openShell('echo 12345', {}, { previousFacts: { 'size_bytes./command/output': 1000 } })
  await read(shrunk)
  await expect(shrunk.finish()).rejects.toMatchObject({ code: 'dump_too_small', message: expect.stringContaining('--accept-smaller') })
})

test('a program that takes too long is ended together with what it started', async () => {
  const mark = join(temporaryFolder(), 'mark')
  const material = await openShell(`(sleep 3; touch ${mark}) & echo data; wait`, { timeout: '1s' })
  await expect(read(material)).rejects.toMatchObject({ code: 'dump_failed', message: expect.stringContaining('took longer than 1s') })
  await material.close()
  await sleep(2500)
  expect(existsSync(mark)).toBe(false)
})

test('a run that is stopped ends the program at once', async () => {
  const stop = new AbortController()
  const material = await openShell('echo data; sleep 60', {}, { signal: stop.signal })
  const reading = read(material)
  setTimeout(() => stop.abort(), 200)
  const startedMs = performance.now()
  await expect(reading).rejects.toMatchObject({ code: 'aborted' })
  expect(performance.now() - startedMs).toBeLessThan(3000)
  await material.close()
})

test('a material that is closed half way leaves no program behind', async () => {
  const mark = join(temporaryFolder(), 'mark')
  const material = await openShell(`head -c 3000000 /dev/zero; sleep 1; touch ${mark}`)
  const stream = await material.streams[0]?.open(new AbortController().signal)
  await new Promise((resolve) => stream?.once('data', resolve))
  await material.close()
  await sleep(1500)
  expect(existsSync(mark)).toBe(false)
})
