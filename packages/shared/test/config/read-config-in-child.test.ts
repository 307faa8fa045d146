import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { readConfigInChild } from '@nightshift/shared/config/read-config-in-child'
import { ConfigError } from '@nightshift/shared/errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const entry = join(here, 'child-entry.ts')
const env = { ...process.env, SECRET: 's3cret', NODE_OPTIONS: '' }

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-child-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

describe('a configuration that is read in a child', () => {
  test('comes back as plain data with the base', async () => {
    const file = write('good.yaml', 'nats: {user: a, password: "${SECRET}"}\ncollector: {every: 2s}\nalerter: {unread: "${NONE}"}\n')
    expect(await readConfigInChild({ entry, file, env })).toMatchObject({
      ok: true,
      base: { nats: { password: 's3cret' }, namespace: 'ops' },
      config: { every: 2000, checks: {} },
      warnings: [],
      files: [file],
    })
  })

  test('has its defaults without a file', async () => {
    expect(await readConfigInChild({ entry, env })).toMatchObject({ ok: true, config: { every: 1000 }, files: [] })
  })

  test('comes back as diagnostics when it is wrong, with exit code 1', async () => {
    const file = write('bad.yaml', 'collector: {evry: 2s}\n')
    expect(await readConfigInChild({ entry, file, env })).toMatchObject({
      ok: false,
      diagnostics: [{ line: 1, column: 13, path: 'collector.evry' }],
      files: [file],
    })
    await expect(promisify(execFile)(process.execPath, [entry, file], { env })).rejects.toMatchObject({ code: 1 })
  })
})

describe('a child that gives no answer', () => {
  async function failure(source: string, timeoutMs = 10_000): Promise<ConfigError> {
    const broken = write('broken.mjs', source)
    const error: unknown = await readConfigInChild({ entry: broken, env, timeoutMs }).catch((reason: unknown) => reason)
    if (!(error instanceof ConfigError)) throw new Error('it answered')
    return error
  }

  test('because it crashed says why', async () => {
    expect(await failure('throw new Error("no room")')).toMatchObject({
      code: 'config_child_failed',
      message: expect.stringContaining('no room'),
    })
  })

  test('because it says something else', async () => {
    expect(await failure('console.log("hello")')).toMatchObject({ code: 'config_child_failed' })
    expect(await failure('console.log("{}")')).toMatchObject({ code: 'config_child_failed' })
  })

  test('because it hangs is ended', async () => {
    const start = performance.now()
    expect(await failure('setInterval(() => {}, 1000)', 300)).toMatchObject({ code: 'config_child_timeout', transient: true })
    expect(performance.now() - start).toBeLessThan(8000)
  })

  test('because it talks without end is ended', async () => {
    const error = await failure('const talk = () => process.stdout.write("x".repeat(65536), talk); talk()')
    expect(error).toMatchObject({ code: 'config_child_failed', message: expect.stringContaining('too much output') })
  })

  test('because it cannot be started', async () => {
    expect(await failure('process.kill(process.pid, "SIGKILL")')).toMatchObject({
      code: 'config_child_failed',
      message: expect.stringContaining('SIGKILL'),
    })
  })
})

test('the process that asks loads neither zod nor yaml', async () => {
  const modules = ['read-config-in-child', 'watch-config', 'diagnostic'].map(
    (name) => pathToFileURL(join(here, '../../src/config', `${name}.ts`)).href,
  )
  const script = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ load(url, context, next) { seen.push(url); return next(url, context) } })
    for (const module of ${JSON.stringify(modules)}) await import(module)
    console.log(JSON.stringify(seen))
  `
  const file = write('loaded.mjs', script)
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env })
  const seen = JSON.parse(stdout) as string[]
  expect(seen.length).toBeGreaterThan(3)
  expect(seen.filter((url) => /\/(?:zod|yaml)\//.test(url))).toEqual([])
})
