import { linkSync, lstatSync, mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { measureDirectory, type WalkLimits } from '../../src/directories/directory-walk.ts'
import { temporaryFolder } from '../service-on-broker.ts'

const limits: WalkLimits = { maxEntries: 100_000, maxDepth: 64, signal: new AbortController().signal, nowMs: () => performance.now() }

test('files count once whatever their names, holes take no space, links are not followed', async () => {
  const top = temporaryFolder()
  mkdirSync(join(top, 'a/b'), { recursive: true })
  writeFileSync(join(top, 'a/one'), Buffer.alloc(100_000))
  linkSync(join(top, 'a/one'), join(top, 'a/b/also-one'))
  writeFileSync(join(top, 'sparse'), '')
  truncateSync(join(top, 'sparse'), 1024 ** 3)
  symlinkSync('/usr', join(top, 'link'))
  utimesSync(join(top, 'sparse'), 1000, 1000)
  const size = await measureDirectory(top, limits)
  expect(size).toMatchObject({ files: 4, directories: 2, unreadable: 0, oldestMs: 1_000_000, isTruncated: false })
  expect(size.apparentBytes).toBe(100_000 + 1024 ** 3 + '/usr'.length)
  expect(size.sizeBytes).toBeGreaterThanOrEqual(100_000)
  expect(size.sizeBytes).toBeLessThan(200_000)
  expect(size.newestMs).toBeGreaterThan(Date.now() - 60_000)
})

test('a walk ends at its limits and says so', async () => {
  const top = temporaryFolder()
  for (let index = 0; index < 50; index++) writeFileSync(join(top, `file-${index}`), 'x')
  expect(await measureDirectory(top, { ...limits, maxEntries: 20 })).toMatchObject({ files: 20, isTruncated: true })
  const deep = temporaryFolder()
  mkdirSync(join(deep, ...Array.from({ length: 20 }, () => 'd')), { recursive: true })
  expect(await measureDirectory(deep, { ...limits, maxDepth: 5 })).toMatchObject({ directories: 5, isTruncated: true })
})

test('it stays on its file system', async () => {
  const own = lstatSync('/dev').dev
  const entries = readdirSync('/dev').map((name) => lstatSync(join('/dev', name)))
  const foreign = entries.filter(({ dev }) => dev !== own).length
  const { files, directories } = await measureDirectory('/dev', { ...limits, maxDepth: 1 })
  expect(foreign).toBeGreaterThan(0)
  expect(files + directories).toBe(entries.length - foreign)
})

test('a walk leaves most of the time to other work', { timeout: 60_000 }, async () => {
  const top = temporaryFolder()
  for (let folder = 0; folder < 4; folder++) {
    mkdirSync(join(top, String(folder)))
    for (let file = 0; file < 250; file++) writeFileSync(join(top, String(folder), String(file)), '')
  }
  const [before, startMs] = [process.threadCpuUsage(), performance.now()]
  expect(await measureDirectory(top, limits)).toMatchObject({ files: 1000, directories: 4 })
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1000 / (performance.now() - startMs)).toBeLessThan(0.5)
})

test('a file and a link are no directories, and say so; a walk that is stopped ends', async () => {
  const top = temporaryFolder()
  symlinkSync('/usr', join(top, 'link'))
  await expect(measureDirectory(join(top, 'link'), limits)).rejects.toThrow('is a link: name the directory that it leads to')
  await expect(measureDirectory(join(top, 'gone'), limits)).rejects.toThrow('ENOENT')
  await expect(measureDirectory('/usr', { ...limits, signal: AbortSignal.timeout(20) })).rejects.toThrow('aborted due to timeout')
})
