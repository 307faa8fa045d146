import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, provision } from './stub-service.ts'

const program = fileURLToPath(new URL('run-stub.ts', import.meta.url))

interface Run {
  child: ChildProcess
  file: string
  errors(): string
  entries(): Record<string, unknown>[]
  /** Code or signal. */
  ended: Promise<number | string>
  url(): string
  write(config: object): void
}

describe('the process of a service', () => {
  let server: NatsServer
  let folder: string
  const running = new Set<ChildProcess>()

  beforeAll(async () => {
    server = await startNats()
    await provision(server)
    folder = mkdtempSync(join(tmpdir(), 'nightshift-run-'))
  })
  afterEach(async () => {
    await Promise.all(
      [...running].map(async (child) => {
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }),
    )
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function run(word: string, flags?: string[], stateDir = 'state'): Run {
    const file = join(folder, 'config.json')
    const write = (config: object): void =>
      writeFileSync(file, JSON.stringify({ url: server.url, state_dir: join(folder, stateDir), ...config }))
    write({ word })
    const child = spawn(process.execPath, [program, ...(flags ?? ['--config', file])], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let [out, errors] = ['', '']
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
    const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
      running.delete(child)
      return (code ?? signal) as number | string
    })
    const entries = (): Record<string, unknown>[] =>
      out
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    const url = (): string => String(entries().find((entry) => typeof entry['http'] === 'string')?.['http'])
    return { child, file, errors: () => errors + out, entries, ended, url, write }
  }

  const whenReady = async (started: Run): Promise<void> => {
    await eventually(async () => expect((await fetch(`${started.url()}/readyz`)).status).toBe(200))
  }

  it('answers on its HTTP port, and ends with 0 and within five seconds on SIGTERM', async () => {
    const started = run('one')
    await whenReady(started)
    expect((await fetch(`${started.url()}/livez`)).status).toBe(200)
    expect(await (await fetch(`${started.url()}/metrics`)).text()).toContain('nightshift_alerter_build_info{host="web-1",version="0.0.1"')
    expect(((await (await fetch(`${started.url()}/health`)).json()) as { host: string }).host).toBe('web-1')
    const startedMs = performance.now()
    started.child.kill('SIGTERM')
    expect(await started.ended).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(5000)
    expect(started.entries().map((entry) => entry['message'])).toContain('stopping')
  })

  it('ends within five seconds on Ctrl-C although its service hangs, and at once on a second one', async () => {
    const patient = run('hang')
    await whenReady(patient)
    const startedMs = performance.now()
    patient.child.kill('SIGINT')
    expect(await patient.ended).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(5500)
    const forced = run('hang')
    await whenReady(forced)
    forced.child.kill('SIGINT')
    await eventually(() => expect(forced.entries().map((entry) => entry['message'])).toContain('stopping'))
    const againMs = performance.now()
    forced.child.kill('SIGINT')
    expect(await forced.ended).toBe(130)
    expect(performance.now() - againMs).toBeLessThan(1000)
  })

  it('starts again at once after kill -9, and is refused while it runs', async () => {
    const first = run('one')
    await whenReady(first)
    const onItsFolder = run('one')
    expect(await onItsFolder.ended).toBe(1)
    expect(onItsFolder.errors()).toContain(`in use by process ${first.child.pid}`)
    const second = run('one', undefined, 'state-2')
    expect(await second.ended).toBe(1)
    expect(second.entries().at(-1)).toMatchObject({ level: 'CRITICAL', error: { code: 'duplicate_instance' } })
    expect(second.errors()).toContain(`pid ${first.child.pid}`)
    first.child.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    await whenReady(run('one'))
  })

  it.each([
    ['throw', 'thrown on purpose'],
    ['reject', 'rejected on purpose'],
  ])('logs what nobody handled with its stack, stops, and ends with 70: %s', async (word, reason) => {
    const started = run(word)
    expect(await started.ended).toBe(70)
    const last = started.entries().find((entry) => entry['level'] === 'CRITICAL')
    expect(last).toMatchObject({ error: { message: reason, stack: expect.stringContaining('run-stub.ts') } })
  })

  it('takes a changed configuration on SIGHUP, and keeps the old one when the new one is bad', async () => {
    const started = run('one')
    await whenReady(started)
    const messages = () => started.entries().map((entry) => entry['message'])
    started.write({ word: 'bad' })
    started.child.kill('SIGHUP')
    await eventually(() => expect(messages()).toContain('the changed configuration cannot be used; the old one stays'))
    started.write({ word: 'invalid' })
    started.child.kill('SIGHUP')
    await eventually(() => expect(JSON.stringify(started.entries())).toContain('is not valid'))
    started.write({ word: 'two', host: 'other' })
    started.child.kill('SIGHUP')
    await eventually(() => expect(started.entries().some((entry) => entry['word'] === 'two')).toBe(true))
    await eventually(() => expect(started.entries().some((entry) => JSON.stringify(entry['keys']) === '["host"]')).toBe(true))
    expect((await fetch(`${started.url()}/readyz`)).status).toBe(200)
  })

  it.each([
    ['wrong flags', 'one', ['--conifg', 'x'], 2, '--conifg'],
    ['a configuration that is not valid', 'invalid', undefined, 1, 'is not valid'],
    ['no configuration', 'one', [], 1, 'name a file with --config; password=[redacted]'],
  ])('ends with what to do about %s', async (_name, word, flags, code, text) => {
    const started = run(word, flags)
    expect(await started.ended).toBe(code)
    expect(started.errors()).toContain(text)
  })

  it('prints its flags and exit codes, and its version', async () => {
    const help = run('one', ['--help'])
    expect(await help.ended).toBe(0)
    expect(help.errors()).toContain('Exit codes: 0 stopped as told, 1 cannot run')
    const version = run('one', ['--version'])
    expect(await version.ended).toBe(0)
    expect(version.errors()).toBe(`nightshift alerter 0.0.1 on Node ${process.versions.node}\n`)
  })
})

it('the lifecycle loads neither zod nor yaml, for the collector has no room for them', async () => {
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(specifier, context, next) {
      if (/^(zod|yaml)(\\/|$)/.test(specifier)) throw new Error(specifier + ' is loaded by ' + context.parentURL)
      return next(specifier, context)
    } })
    await import(${JSON.stringify(new URL('../../src/service/run-main.ts', import.meta.url).href)})
    process.stdout.write('loaded')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (out += data.toString()))
  await once(child, 'close')
  expect(out).toBe('loaded')
})
