import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { watchConfig, type ConfigWatch, type Rejection } from '@nightshift/shared/config/watch-config'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sampleSections } from './sample-sections.ts'

let folder = ''
let file = ''
let watching: Watching | undefined

interface Watching {
  watch: ConfigWatch
  signals: EventEmitter
  /** `collector.every` of each configuration that was put to use, in milliseconds. */
  applied: number[]
  rejected: Rejection[]
  loads: () => number
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-watch-'))
  file = join(folder, 'nightshift.yaml')
})

afterEach(async () => {
  await watching?.watch.stop()
  watching = undefined
  rmSync(folder, { recursive: true, force: true })
})

const config = (every: string, more = '') => `collector: {every: ${every}}\n${more}`

async function start(options: { pollMs?: number; apply?: () => Promise<void>; file?: string } = {}): Promise<Watching> {
  const signals = new EventEmitter()
  const applied: number[] = []
  const rejected: Rejection[] = []
  let loads = 0
  const load = () => {
    loads++
    return loadConfig({ file: options.file ?? file, env: {}, sections: sampleSections, run: ['collector'] as const })
  }
  const first = await load()
  const watch = await watchConfig<Extract<Awaited<ReturnType<typeof load>>, { ok: true }>>({
    files: first.files,
    load,
    apply: async (loaded) => {
      await options.apply?.()
      applied.push(loaded.sections.collector.every)
    },
    reject: (rejection) => rejected.push(rejection),
    signals,
    settleMs: 30,
    pollMs: options.pollMs ?? 60_000,
  })
  watching = { watch, signals, applied, rejected, loads: () => loads }
  return watching
}

/** As editors do it: a new file takes the place of the old one. */
function replace(text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

function messages(rejected: readonly Rejection[]): string[] {
  return rejected.flatMap((rejection) =>
    'diagnostics' in rejection ? rejection.diagnostics.map(formatDiagnostic) : [String(rejection.error)],
  )
}

const soon = { timeout: 10_000, interval: 20 }

describe('the configuration is read again', () => {
  test('when an editor replaces the file, each time', async () => {
    writeFileSync(file, config('1s'))
    const { applied } = await start()
    replace(config('2s'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
    replace(config('3s'))
    await vi.waitFor(() => expect(applied).toEqual([2000, 3000]), soon)
  })

  test('when the file is written in place', async () => {
    writeFileSync(file, config('1s'))
    const { applied } = await start()
    writeFileSync(file, config('2s'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
  })

  test('when Kubernetes swaps the link of a mounted volume', async () => {
    const mount = (name: string, every: string) => {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'nightshift.yaml'), config(every))
      symlinkSync(name, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    mount('..1', '1s')
    symlinkSync('..data/nightshift.yaml', file)
    const { applied } = await start()
    mount('..2', '2s')
    rmSync(join(folder, '..1'), { recursive: true })
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
    mount('..3', '3s')
    await vi.waitFor(() => expect(applied).toEqual([2000, 3000]), soon)
  })

  test('when the file that a link points to changes', async () => {
    mkdirSync(join(folder, 'elsewhere'))
    const target = join(folder, 'elsewhere/real.yaml')
    writeFileSync(target, config('1s'))
    symlinkSync(target, file)
    const { applied } = await start()
    writeFileSync(target, config('2s'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
  })

  test('when a secret file changes', async () => {
    const secret = join(folder, 'secret')
    writeFileSync(secret, 'one')
    writeFileSync(file, config('1s', 'nats: {user: a, password_file: secret}\n'))
    const { applied } = await start()
    writeFileSync(`${secret}.new`, 'two')
    renameSync(`${secret}.new`, secret)
    await vi.waitFor(() => expect(applied).toEqual([1000]), soon)
  })

  test('when a secret file that was added later changes', async () => {
    writeFileSync(file, config('1s'))
    mkdirSync(join(folder, 'secrets'))
    writeFileSync(join(folder, 'secrets/a'), 'one')
    const { applied } = await start()
    replace(config('2s', 'nats: {user: a, password_file: secrets/a}\n'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
    writeFileSync(join(folder, 'secrets/a'), 'three')
    await vi.waitFor(() => expect(applied).toEqual([2000, 2000]), soon)
  })

  test('on SIGHUP, changed or not', async () => {
    writeFileSync(file, config('1s'))
    const { applied, signals } = await start()
    signals.emit('SIGHUP')
    await vi.waitFor(() => expect(applied).toEqual([1000]), soon)
  })

  test('without any notice, where the file system gives none', async () => {
    mkdirSync(join(folder, 'later'))
    const hidden = join(folder, 'later/nightshift.yaml')
    writeFileSync(hidden, config('1s'))
    const { applied } = await start({ pollMs: 50, file: hidden })
    // The folder itself is replaced: its watch has died.
    renameSync(join(folder, 'later'), join(folder, 'gone'))
    mkdirSync(join(folder, 'later'))
    writeFileSync(hidden, config('2s'))
    await vi.waitFor(() => expect(applied.at(-1)).toBe(2000), soon)
  })
})

describe('the old configuration stays', () => {
  test('when the new one is wrong, and it says why', async () => {
    writeFileSync(file, config('1s'))
    const { applied, rejected } = await start()
    replace('collector: {evry: 2s}\n')
    await vi.waitFor(() => expect(messages(rejected)).toEqual([`${file}:1:13: collector.evry: unknown key; did you mean "every"?`]), soon)
    expect(applied).toEqual([])
    replace(config('2s'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
  })

  test('when the file is gone, until it is back', async () => {
    writeFileSync(file, config('1s'))
    const { applied, rejected } = await start()
    rmSync(file)
    await vi.waitFor(() => expect(messages(rejected)).toEqual([`${file}: the file does not exist`]), soon)
    writeFileSync(file, config('2s'))
    await vi.waitFor(() => expect(applied).toEqual([2000]), soon)
  })

  test('when the new one cannot be applied', async () => {
    writeFileSync(file, config('1s'))
    const { watch, rejected } = await start({ apply: () => Promise.reject(new Error('no such interface')) })
    await watch.reload()
    expect(messages(rejected)).toEqual(['Error: no such interface'])
  })
})

describe('nothing is read', () => {
  test('when something else in the folder changes', async () => {
    writeFileSync(file, config('1s'))
    const { watch, loads } = await start()
    for (let i = 0; i < 20; i++) writeFileSync(join(folder, `other-${i}`), 'x')
    replace(config('2s'))
    await vi.waitFor(() => expect(loads()).toBe(2), soon)
    await watch.stop()
    expect(loads()).toBe(2)
  })

  test('twice for one burst of writes', async () => {
    writeFileSync(file, config('1s'))
    const { applied, loads } = await start()
    for (const every of ['2s', '3s', '4s', '5s']) writeFileSync(file, config(every))
    await vi.waitFor(() => expect(applied.at(-1)).toBe(5000), soon)
    expect(loads()).toBe(2)
  })

  test('after the watch was stopped', async () => {
    writeFileSync(file, config('1s'))
    const { watch, signals, loads } = await start()
    await watch.stop()
    replace(config('2s'))
    signals.emit('SIGHUP')
    await watch.reload()
    expect(loads()).toBe(1)
    expect(signals.listenerCount('SIGHUP')).toBe(0)
  })
})

test('reloads do not overlap', async () => {
  writeFileSync(file, config('1s'))
  let running = 0
  let most = 0
  const { watch, applied } = await start({
    apply: async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 20))
      running--
    },
  })
  await Promise.all([watch.reload(), watch.reload(), watch.reload()])
  expect(applied).toHaveLength(3)
  expect(most).toBe(1)
})
