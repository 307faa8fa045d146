import { setTimeout as sleep } from 'node:timers/promises'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HookConfig } from '../../src/config/hook-config.ts'
import { runHook } from '../../src/jobs/hooks.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nightshift-hooks-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const never = new AbortController().signal
const shell = (script: string, timeout = 10_000): HookConfig => ({ run: ['sh', '-c', script], timeout, pass_env: [] })

test('a hook sees which job, run and outcome it is about', async () => {
  const file = join(folder, 'facts')
  await runHook(
    shell(`echo "$NIGHTSHIFT_JOB $NIGHTSHIFT_OUTCOME" > '${file}'`),
    { NIGHTSHIFT_JOB: 'db', NIGHTSHIFT_OUTCOME: 'failed' },
    never,
  )
  expect(readFileSync(file, 'utf8')).toBe('db failed\n')
})

test('a hook sees none of the secrets of the service, but for what it is to be given', async () => {
  const file = join(folder, 'environment')
  process.env['TEST_SECRET'] = 'hidden'
  process.env['TEST_GIVEN'] = 'given'
  try {
    await runHook({ ...shell(`env > '${file}'`), pass_env: ['TEST_GIVEN'] }, {}, never)
  } finally {
    delete process.env['TEST_SECRET']
    delete process.env['TEST_GIVEN']
  }
  expect(readFileSync(file, 'utf8')).toContain('TEST_GIVEN=given')
  expect(readFileSync(file, 'utf8')).not.toContain('hidden')
})

test('a hook that fails says how it ended and what it said last, without its arguments', async () => {
  const failing = runHook(shell('echo one; echo secret-argument >/dev/null; echo cannot stop it >&2; exit 3'), {}, never)
  await expect(failing).rejects.toMatchObject({
    code: 'hook_failed',
    message: 'the hook sh ended with exit code 3; it said: one | cannot stop it',
  })
})

test('a secret that a hook was given and repeats is not shown', async () => {
  process.env['TEST_TOKEN'] = 'very-5ecret'
  try {
    const failing = runHook(
      { ...shell('echo "$TEST_TOKEN at http://ana:pw@host refused" >&2; exit 1'), pass_env: ['TEST_TOKEN'] },
      {},
      never,
    )
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('it said: «hidden» at http://«hidden»@host refused') })
  } finally {
    delete process.env['TEST_TOKEN']
  }
})

test('a program that is not there is said to be missing', async () => {
  await expect(runHook({ run: ['/nowhere/program'], timeout: 1000, pass_env: [] }, {}, never)).rejects.toMatchObject({
    message: expect.stringContaining('cannot be started (ENOENT)'),
  })
})

test('a hook that takes too long is ended with all that it started', async () => {
  const file = join(folder, 'late')
  const hanging = runHook(shell(`(sleep 1.5; echo late > '${file}') & wait`, 200), {}, never)
  await expect(hanging).rejects.toMatchObject({ message: expect.stringContaining('took longer than 200ms') })
  await sleep(1600)
  expect(() => readFileSync(file)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})

test('a run that is stopped ends its hook', async () => {
  const stopper = new AbortController()
  const hanging = runHook(shell('sleep 30'), {}, stopper.signal)
  stopper.abort()
  await expect(hanging).rejects.toMatchObject({ message: expect.stringContaining('was ended, because the run was') })
})
