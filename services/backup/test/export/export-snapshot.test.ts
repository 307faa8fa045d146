import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { unpackTar } from 'modern-tar'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exportSnapshot } from '../../src/export/export-snapshot.ts'
import { OpenedDestinations } from '../../src/restore/select-snapshot.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { findProgram } from '../../src/sources/process/find-program.ts'
import { RestoreScene } from '../restore/restore-scene.ts'

let scene: RestoreScene
let opened: OpenedDestinations
let snapshot: Snapshot
const live = (...names: string[]): string => scene.path('live', ...names)
/** Longer than a header of tar holds. */
const long = `${'ünï'.repeat(30)}/${'ö'.repeat(100)}`

beforeEach(async () => {
  scene = await RestoreScene.make()
  mkdirSync(live('deep', long), { recursive: true })
  writeFileSync(live('one'), 'one')
  chmodSync(live('one'), 0o640)
  utimesSync(live('one'), 1_600_000_000, 1_600_000_000)
  writeFileSync(live('deep', long, 'large'), Buffer.alloc(9_000_000, 'nightshift '))
  writeFileSync(live('empty'), '')
  writeFileSync(live('.env'), 'SECRET=1')
  writeFileSync(live('tls.key'), 'key')
  symlinkSync('one', live('link'))
  const parts = scene.parts({ files: { source: { kind: 'directory', paths: [live()] } } })
  snapshot = await scene.backUp('files', parts)
  opened = new OpenedDestinations(parts.destinations, parts.signal)
})
afterEach(async () => {
  await opened.close()
  scene.remove()
})

const options = { withSecrets: false, signal: new AbortController().signal, onProgress: () => undefined }

test('a tar.gz holds all with modes and times but what looks like a secret, which is named', async () => {
  const { repository } = await opened.open('disk')
  const to = scene.path('out.tar.gz')
  const result = await exportSnapshot(repository, snapshot, { ...options, to, format: 'tar.gz' })
  expect(result).toMatchObject({ files: 3, secretCount: 2, leftOut: 0, secrets: [live('.env'), live('tls.key')] })
  const entries = await unpackTar(Readable.toWeb(createReadStream(to).pipe(createGunzip())) as ReadableStream<Uint8Array>)
  const named = new Map(entries.map((entry) => [`/${entry.header.name}`, entry]))
  expect(named.get(live('one'))?.header).toMatchObject({ mode: 0o640, mtime: new Date(1_600_000_000_000) })
  expect(Buffer.from(named.get(live('one'))?.data ?? '').toString()).toBe('one')
  expect(named.get(live('deep', long, 'large'))?.data?.length).toBe(9_000_000)
  expect(named.get(live('link'))?.header).toMatchObject({ type: 'symlink', linkname: 'one' })
  expect([...named.keys()].some((name) => name.includes('.nightshift/') || name.endsWith('.env'))).toBe(false)
  const whole = await exportSnapshot(repository, snapshot, {
    ...options,
    to: scene.path('all.tar.gz'),
    format: 'tar.gz',
    withSecrets: true,
  })
  expect(whole).toMatchObject({ files: 5, secretCount: 0 })
  const there = mkdtempSync(scene.path('tar-'))
  execFileSync('tar', ['-xzf', to, '-C', there])
  expect(readFileSync(`${there}${live('deep', long, 'large')}`).equals(readFileSync(live('deep', long, 'large')))).toBe(true)
  expect(lstatSync(`${there}${live('one')}`).mode & 0o777).toBe(0o640)
})

const unzip = findProgram(['unzip', 'bsdtar', 'python3'])
test.skipIf(unzip === undefined)('a zip holds the same, and a part of a snapshot can be exported alone', async () => {
  const { repository } = await opened.open('disk')
  const to = scene.path('out.zip')
  const result = await exportSnapshot(repository, snapshot, {
    ...options,
    to,
    format: 'zip',
    paths: [live('deep'), live('link'), live('empty')],
  })
  expect(result).toMatchObject({ files: 2, bytes: 9_000_000, secretCount: 0 })
  const there = mkdtempSync(scene.path('zip-'))
  if (unzip?.endsWith('unzip') === true) execFileSync(unzip, ['-q', to, '-d', there])
  else execFileSync(unzip ?? '', unzip?.endsWith('python3') === true ? ['-m', 'zipfile', '-e', to, there] : ['-xf', to, '-C', there])
  expect(readFileSync(`${there}${live('deep', long, 'large')}`).equals(readFileSync(live('deep', long, 'large')))).toBe(true)
  // Python unpacks a link as a file with what it leads to.
  const link = `${there}${live('link')}`
  expect(lstatSync(link).isSymbolicLink() ? readlinkSync(link) : readFileSync(link, 'utf8')).toBe('one')
  expect(existsSync(`${there}${live('one')}`)).toBe(false)
})

test('nothing is written over, and what fails leaves nothing', async () => {
  const { repository } = await opened.open('disk')
  const to = scene.path('out.zip')
  await expect(exportSnapshot(repository, snapshot, { ...options, to, format: 'zip', paths: ['/nowhere'] })).rejects.toMatchObject({
    code: 'path_not_in_snapshot',
  })
  expect(existsSync(to) || existsSync(`${to}.part`)).toBe(false)
  writeFileSync(to, 'mine')
  await expect(exportSnapshot(repository, snapshot, { ...options, to, format: 'zip' })).rejects.toMatchObject({ code: 'export_exists' })
  const read = repository.readBlob.bind(repository)
  repository.readBlob = async (type, id, signal) =>
    type === 'data' ? await Promise.reject(new Error('broken')) : await read(type, id, signal)
  for (const format of ['zip', 'tar.gz'] as const)
    await expect(exportSnapshot(repository, snapshot, { ...options, to: scene.path(`broken.${format}`), format })).rejects.toMatchObject({
      code: 'export_failed',
    })
  expect(existsSync(scene.path('broken.zip.part'))).toBe(false)
})
