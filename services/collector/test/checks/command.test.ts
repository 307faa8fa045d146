import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { runCheck } from './run-check.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-command-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sh = (script: string, keys: object = {}) => runCheck('command', { argv: ['sh', '-c', script], ...keys })

test('a program that ends with 0 is good, and another code fails with what it said', async () => {
  expect(await sh('echo fine')).toEqual({ ok: true, error: null, detail: { exit_code: 0, output_bytes: 5, output_cut: false } })
  expect(await sh('echo "queue is full" >&2; exit 4')).toMatchObject({ ok: false, error: 'sh ended with 4, expected 0: queue is full' })
  expect(await sh('exit 4', { exit_codes: [0, 4] })).toMatchObject({ ok: true })
  expect((await sh('kill -SEGV $$')).error).toBe('sh was ended by SIGSEGV')
  expect((await sh('echo "login postgres://bob:s3cret@db failed"; exit 1')).error).not.toContain('s3cret')
})

test('codes of Nagios are understood', async () => {
  const nagios = (code: number) => sh(`echo "DISK says it | /=2643MB;5948"; exit ${code}`, { exit_codes: 'nagios' })
  expect(await nagios(0)).toMatchObject({ ok: true, detail: { severity: 'ok' } })
  expect(await nagios(1)).toMatchObject({ ok: false, error: 'sh says warning: DISK says it', detail: { severity: 'warning' } })
  expect(await nagios(2)).toMatchObject({ ok: false, detail: { severity: 'critical' } })
  expect(await nagios(3)).toMatchObject({ ok: null, error: 'sh says unknown: DISK says it' })
  expect(await nagios(127)).toMatchObject({ ok: false, error: 'sh says exit code 127: DISK says it' })
})

test('the output is judged by text, number and JSON', async () => {
  expect((await sh('echo 17 in queue', { contains: 'empty' })).error).toBe('the output of sh does not contain "empty"')
  const number = { pattern: '(\\d+) in queue', max: 10 }
  expect(await sh('echo 17 in queue', { number })).toMatchObject({
    ok: false,
    error: 'in the output of sh, the value 17 is more than 10',
    detail: { value: 17 },
  })
  expect((await sh('echo "{\\"lag\\":3}"', { json: { path: 'lag', max: 2 } })).error).toBe('in the output of sh, lag is 3, more than 2')
})

test('only the variables that are named reach the program', async () => {
  vi.stubEnv('NIGHTSHIFT_TEST_A', 'a')
  vi.stubEnv('NIGHTSHIFT_TEST_B', 'b')
  const outcome = await sh('test "$NIGHTSHIFT_TEST_A$NIGHTSHIFT_TEST_B$C-$PWD" = "ac-$D"', {
    cwd: folder,
    env: { C: 'c', D: folder },
    pass_env: ['NIGHTSHIFT_TEST_A'],
  })
  vi.unstubAllEnvs()
  expect(outcome).toMatchObject({ ok: true })
})

test('output without end is read, and only its beginning kept', async () => {
  expect(await sh('head -c 3000000 /dev/zero | tr "\\0" x')).toMatchObject({ ok: true, detail: { output_bytes: 65_536, output_cut: true } })
  expect((await sh('yes', { timeout: '300ms' })).error).toContain('did not end within 300ms')
})

test('a program that hangs is killed in time, with all that it started', async () => {
  const file = join(folder, 'pid')
  const startMs = performance.now()
  const outcome = await sh(`sleep 60 & echo $! > ${file}; wait`, { timeout: '500ms' })
  expect(outcome).toMatchObject({ ok: false, error: 'sh did not end within 500ms and was killed, with all that it started' })
  expect(performance.now() - startMs).toBeLessThan(5000)
  const pid = Number(readFileSync(file, 'utf8'))
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 5000 })
})

test('a program that leaves another one behind does not hold up its check', async () => {
  const startMs = performance.now()
  const file = join(folder, 'left')
  expect(await sh(`sleep 20 & echo $! > ${file}; echo done`, { timeout: '10s' })).toMatchObject({ ok: true })
  expect(performance.now() - startMs).toBeLessThan(5000)
  process.kill(Number(readFileSync(file, 'utf8')))
})

test('a program, folder or user that is not there is told', async () => {
  expect((await runCheck('command', { argv: ['/no/such'] })).error).toContain('there is no program /no/such on this machine')
  expect((await sh('true', { cwd: '/no/such' })).error).toContain('or no folder /no/such')
  expect((await runCheck('command', { argv: [folder] })).error).toContain('may not be run')
  expect((await sh('true', { user: 'nobody-of-that-name' })).error).toBe('there is no user nobody-of-that-name in /etc/passwd')
})

test.runIf(userInfo().uid === 0 && process.platform === 'linux')('root runs it as the user that is named', async () => {
  expect(await sh('id -un; id -Gn', { user: 'nobody', matches: '^nobody\\nnogroup$' })).toMatchObject({ ok: true })
})
