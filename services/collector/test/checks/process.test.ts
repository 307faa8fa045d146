import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { processCheck } from '../../src/checks/process.ts'
import { matches } from '../../src/processes/process-match.ts'
import { parsePs } from '../../src/checks/processes/ps.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { checkOf, runCheck } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-process-'))
const marker = `--marker-${process.pid}-${Date.now()}`
let children: ChildProcess[] = []

beforeAll(async () => {
  const script = 'console.log("up"); setInterval(() => {}, 1000)'
  children = [1, 2].map(() => spawn(process.execPath, ['-e', script, '--', marker], { stdio: ['ignore', 'pipe', 'ignore'] }))
  await Promise.all(children.map(async ({ stdout }) => stdout && (await once(stdout, 'data'))))
})
afterAll(async () => {
  await Promise.all(children.map(async (child) => (child.kill('SIGKILL'), await once(child, 'exit'))))
  rmSync(folder, { recursive: true })
})

describe.each(process.platform === 'linux' ? ['/proc', '/no-proc-here'] : ['/no-proc-here'])('with the process list from %s', (proc) => {
  const run = (keys: object) => runCheck('process', { every: '10s', ...keys }, { proc, sys: '/sys', root: '/' })

  test('processes are found by a part of their command line, and counted', async () => {
    expect(await run({ command: marker })).toMatchObject({ ok: true, error: null, detail: { count: 2 } })
    expect(await run({ command: ['setInterval', marker], min_count: 2 })).toMatchObject({ ok: true })
    expect(await run({ command: marker, name: 'node' })).toMatchObject({ ok: true, detail: { count: 2 } })
  })

  test('fewer than must run is a failure that says how many', async () => {
    const outcome = await run({ command: marker, min_count: 3 })
    expect(outcome).toMatchObject({ ok: false, detail: { count: 2 } })
    expect(outcome.error).toMatch(new RegExp(`^only 2 of 3 processes with "${marker}"; \\d+ processes looked at$`))
    expect((await run({ name: 'no-such-program' })).error).toMatch(/^no process named no-such-program; \d+ processes looked at$/)
  })

  test('more than may run is a failure', async () => {
    expect((await run({ command: marker, max_count: 1 })).error).toBe(`2 processes with "${marker}", more than 1`)
    expect(await run({ command: marker, max_count: 2 })).toMatchObject({ ok: true })
  })

  test('a pid file is followed to a process that runs, and is the right one', async () => {
    const pidFile = join(folder, 'daemon.pid')
    writeFileSync(pidFile, `${children[0]?.pid}\n`)
    expect(await run({ pid_file: pidFile })).toMatchObject({ ok: true, detail: { count: 1, pids: String(children[0]?.pid) } })
    expect(await run({ pid_file: pidFile, name: 'nginx' })).toMatchObject({
      ok: false,
      error: `process ${children[0]?.pid} of ${pidFile} is not the one named nginx`,
    })
    writeFileSync(pidFile, '999999999')
    expect(await run({ pid_file: pidFile })).toMatchObject({ ok: false, error: `process 999999999 of ${pidFile} does not run` })
  })

  test('a pid file that is missing, or holds no number, is told so', async () => {
    const pidFile = join(folder, 'broken.pid')
    rmSync(pidFile, { force: true })
    expect(await run({ pid_file: pidFile })).toMatchObject({ ok: false, error: `pid file ${pidFile} does not exist` })
    writeFileSync(pidFile, 'starting...')
    expect(await run({ pid_file: pidFile })).toMatchObject({ ok: false, error: `pid file ${pidFile} holds no process number` })
  })
})

test.runIf(process.platform === 'linux')('memory and processor time of all together have bounds', async () => {
  expect(await runCheck('process', { command: marker, max_rss: '4GiB' })).toMatchObject({ ok: true })
  const outcome = await runCheck('process', { command: marker, max_rss: '1MiB' })
  expect(outcome.error).toMatch(/^the processes hold \d+ bytes of memory, more than 1048576$/)
  expect(outcome.detail['rss_bytes']).toBeGreaterThan(20e6)
})

test.runIf(process.platform === 'linux')('processor time is told from the second look on', async () => {
  const busy = spawn(process.execPath, ['-e', 'for (;;);', '--', `${marker}-busy`], { stdio: 'ignore' })
  await once(busy, 'spawn')
  const config = checkOf('process', { command: `${marker}-busy`, max_cpu_cores: 0.1 })
  const look = async () =>
    await processCheck.run(config, { signal: new AbortController().signal, timeoutMs: 5000, elapsedMs: () => 0, host: hostPaths({}) })
  await vi.waitFor(async () => expect(await look()).toMatchObject({ ok: true }))
  await vi.waitFor(async () => expect((await look()).error).toMatch(/^the processes keep \d\.\d\d cores busy, more than 0\.1$/), {
    timeout: 5000,
    interval: 300,
  })
  busy.kill('SIGKILL')
  await once(busy, 'exit')
})

test('memory is not known where there is no /proc, and the check says so', async () => {
  const outcome = await runCheck('process', { command: marker, max_rss: '4GiB' }, { proc: '/no-proc-here', sys: '/sys', root: '/' })
  expect(outcome).toMatchObject({ ok: null, error: expect.stringContaining('only where there is /proc') })
})

describe('a process', () => {
  const candidate = { pid: 1, name: 'nginx', isZombie: false, argv: ['nginx: worker process'] }

  test.each([
    ['by the name the kernel has', candidate, { name: 'nginx' }, true],
    [
      'by the file name in its command line',
      { ...candidate, name: 'node', argv: ['/usr/bin/a-long-program-name'] },
      { name: 'a-long-program-name' },
      true,
    ],
    [
      'not by a name that the kernel cut short',
      { ...candidate, name: 'a-long-program-', argv: ['a-long-program-b'] },
      { name: 'a-long-program-a' },
      false,
    ],
    ['not by part of its name', candidate, { name: 'ngin' }, false],
    ['only when all texts stand in its command line', candidate, { command: ['worker', 'master'] }, false],
    ['never when it is a zombie', { ...candidate, isZombie: true }, { name: 'nginx' }, false],
  ])('is found %s', (_, process, config, found) => {
    expect(matches(process, { name: undefined, command: undefined, ...config })).toBe(found)
  })
})

test('lines of ps are processes, and anything else is none', () => {
  expect(parsePs('    1 Ss   /sbin/launchd\n  77 Z+   (zombie)\nnonsense\n')).toEqual([
    { pid: 1, name: 'launchd', isZombie: false, argv: ['/sbin/launchd'] },
    { pid: 77, name: '(zombie)', isZombie: true, argv: ['(zombie)'] },
  ])
})

test('where processes cannot be listed the check is unsupported, not failing', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = folder
  try {
    expect(await runCheck('process', { name: 'x' }, { proc: '/no-proc-here', sys: '/sys', root: '/' })).toMatchObject({
      ok: null,
      error: expect.stringContaining('cannot list processes'),
    })
  } finally {
    process.env['PATH'] = path
  }
})
