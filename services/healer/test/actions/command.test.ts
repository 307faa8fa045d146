import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { outputLimitBytes, runCommand, type CommandSpec } from '../../src/actions/command.ts'
import { processStart } from '../../src/actions/process-group.ts'

let folder: string
const spawned: number[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-command-'))
})

afterEach(() => {
  for (const pid of spawned.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Already gone, as it should be.
    }
  }
  rmSync(folder, { recursive: true, force: true })
})

function run(argv: string[], change: Partial<CommandSpec> = {}, signal: AbortSignal = new AbortController().signal) {
  const spec: CommandSpec = { argv, cwd: folder, env: [], timeoutMs: 10_000, detach: false, ...change }
  return runCommand(spec, { facts: { NIGHTSHIFT_CHECK: 'web' }, signal, onSpawn: ({ pid }) => spawned.push(pid) })
}

async function waitForFile(name: string): Promise<string> {
  for (const deadline = Date.now() + 5000; Date.now() < deadline;) {
    try {
      const text = readFileSync(join(folder, name), 'utf8')
      if (text.endsWith('\n')) return text.trim()
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${name} never came`)
}

async function expectGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + 3000; processStart(pid) !== null;) {
    if (Date.now() > deadline) throw new Error(`process ${pid} still lives`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a command', () => {
  test('that ends well gives its output and exit code 0', async () => {
    expect(await run(['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({
      kind: 'done',
      failed: false,
      exitCode: 0,
      output: expect.stringMatching(/out\n|err\n/) as string,
    })
  })

  test('that ends badly gives its exit code', async () => {
    expect(await run(['sh', '-c', 'exit 7'])).toMatchObject({
      kind: 'done',
      failed: true,
      exitCode: 7,
      summary: 'the command ended with exit code 7',
    })
  })

  test('that a signal ends names the signal', async () => {
    expect(await run(['sh', '-c', 'kill -USR1 $$'])).toMatchObject({
      failed: true,
      exitCode: null,
      summary: 'the command ended with signal SIGUSR1',
    })
  })

  test('is read by no shell: what looks like one is an argument', async () => {
    expect(await run(['echo', '$HOME; rm -rf *', '`id`'])).toMatchObject({ output: '$HOME; rm -rf * `id`\n' })
  })

  test('sees PATH, the facts of its run, what is allowed by name, and nothing else', async () => {
    process.env['HEALER_TEST_ALLOWED'] = 'yes'
    process.env['HEALER_TEST_SECRET'] = 'no'
    try {
      const { output } = await run(['env'], { env: ['HEALER_TEST_ALLOWED', 'HEALER_TEST_ABSENT'] })
      const names = (output ?? '')
        .trim()
        .split('\n')
        .map((line) => line.split('=')[0])
      expect(new Set(names)).toEqual(new Set(['HEALER_TEST_ALLOWED', 'NIGHTSHIFT_CHECK', 'PATH']))
    } finally {
      delete process.env['HEALER_TEST_ALLOWED']
      delete process.env['HEALER_TEST_SECRET']
    }
  })

  test('runs in the folder of its playbook', async () => {
    expect((await run(['pwd', '-P'])).output).toContain(folder.split('/').at(-1) ?? 'never')
  })

  test('has no input to wait for', async () => {
    expect(await run(['cat'])).toMatchObject({ exitCode: 0, output: '' })
  })

  test('that leaves a process in the background is not waited for', async () => {
    const startedMs = performance.now()
    expect(await run(['sh', '-c', 'sleep 30 & echo started'])).toMatchObject({ exitCode: 0, output: 'started\n' })
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })
})

describe('past its time', () => {
  test('all of its process group is ended, grandchildren too', async () => {
    const result = await run(['sh', '-c', 'sh -c "echo \\$\\$ > grandchild; sleep 60" & echo $$ > child; sleep 60'], { timeoutMs: 500 })
    expect(result).toMatchObject({
      kind: 'done',
      failed: true,
      summary: expect.stringContaining('it was ended after 500ms (timeout)') as string,
    })
    await expectGone(Number(await waitForFile('child')))
    await expectGone(Number(await waitForFile('grandchild')))
  })

  test('a grandchild that ignores SIGTERM is killed after the grace', async () => {
    const script = `sh -c "trap '' TERM; echo \\$\\$ > grandchild; while :; do sleep 0.1; done" & while [ ! -s grandchild ]; do sleep 0.02; done; sleep 60`
    await run(['sh', '-c', script], { timeoutMs: 700 })
    await expectGone(Number(await waitForFile('grandchild')))
  }, 15_000)

  test('a command that cleans up on SIGTERM may say so', async () => {
    const { output } = await run(['sh', '-c', 'trap "echo cleaned; exit 3" TERM; echo ready; sleep 60 & wait'], { timeoutMs: 500 })
    expect(output).toBe('ready\ncleaned\n')
  })
})

test('when the healer stops, a running command is ended soon and says why', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  const startedMs = performance.now()
  const result = await run(['sleep', '60'], {}, stop.signal)
  expect(result).toMatchObject({ failed: true, summary: expect.stringContaining('the healer stopped') as string })
  expect(performance.now() - startedMs).toBeLessThan(2500)
})

test('output is cut to its last 64 KiB, in memory too, however much is printed', async () => {
  const before = process.memoryUsage().rss
  const { output } = await run(['sh', '-c', 'head -c 50000000 /dev/zero | tr "\\0" "x" | fold -w 99; echo the end'])
  expect(output?.length).toBeLessThanOrEqual(outputLimitBytes)
  expect(output).toMatch(/^\[\d+ bytes before this are cut\]\nx{99}\n/)
  expect(output).toMatch(/the end\n$/)
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
})

test('what looks like a secret in the output is masked', async () => {
  const { output } = await run(['sh', '-c', 'echo "login password=hunter2 ok"; echo "postgres://app:s3cret@db/x"'])
  expect(output).toBe('login password=*** ok\npostgres://app:***@db/x\n')
})

describe('a command that cannot start says what to do', () => {
  test('when there is no such program', async () => {
    const result = await run(['no-such-program-anywhere', '--flag'])
    expect(result).toMatchObject({ kind: 'impossible', failed: true, output: null })
    expect(result.summary).toBe(
      'there is no program no-such-program-anywhere; install it, or give its full path as the first item of run (a shell line must be written [sh, -c, "..."])',
    )
  })

  test('when it may not be run', async () => {
    writeFileSync(join(folder, 'plain.txt'), 'text', { mode: 0o600 })
    expect((await run([join(folder, 'plain.txt')])).summary).toContain('may not be run by the healer')
  })

  test('when its folder is not there', async () => {
    const result = await run(['true'], { cwd: join(folder, 'gone') })
    expect(result.kind).toBe('impossible')
    expect(result.summary).toMatch(/the folder .*gone is not there; correct cwd of the playbook/)
  })

  test('when an argument cannot be passed to a program', async () => {
    expect(await run(['echo', 'a\0b'])).toMatchObject({
      kind: 'impossible',
      summary: expect.stringContaining('cannot be started') as string,
    })
  })
})

describe('a detached command', () => {
  test('counts as done when it has lived for a second, and stays', async () => {
    const result = await run(['sh', '-c', 'echo $$ > daemon; exec sleep 60'], { detach: true, timeoutMs: 100 })
    expect(result).toMatchObject({ kind: 'done', failed: false, exitCode: null, summary: 'the command was started and stays' })
    expect(processStart(Number(await waitForFile('daemon')))).not.toBeNull()
  })

  test('that dies at once has failed', async () => {
    expect(await run(['sh', '-c', 'exit 4'], { detach: true })).toMatchObject({
      failed: true,
      exitCode: 4,
      summary: expect.stringContaining('it was to stay, but ended') as string,
    })
  })

  test('that puts itself into the background with exit code 0 has not', async () => {
    expect(await run(['sh', '-c', 'sleep 30 & exit 0'], { detach: true })).toMatchObject({ failed: false, exitCode: 0 })
  })

  test('that does not exist says what to do', async () => {
    expect(await run(['no-such-program-anywhere'], { detach: true })).toMatchObject({
      kind: 'impossible',
      summary: expect.stringContaining('install it') as string,
    })
  })

  test('outlives a healer that is killed', async () => {
    const { spawn } = await import('node:child_process')
    const script = join(folder, 'healer.mjs')
    const source = new URL('../../src/actions/command.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { runCommand } from '${source}'
await runCommand({ argv: ['sh', '-c', 'echo $$ > daemon; exec sleep 60'], cwd: ${JSON.stringify(folder)}, env: [], timeoutMs: 1000, detach: true },
  { facts: {}, signal: new AbortController().signal, onSpawn: () => {} })
process.kill(process.pid, 'SIGKILL')`,
    )
    const healer = spawn(process.execPath, [script], { stdio: 'ignore', cwd: new URL('../..', import.meta.url).pathname })
    await new Promise((resolve) => healer.once('exit', resolve))
    const daemon = Number(await waitForFile('daemon'))
    spawned.push(daemon)
    expect(healer.signalCode).toBe('SIGKILL')
    expect(processStart(daemon)).not.toBeNull()
  })
})
