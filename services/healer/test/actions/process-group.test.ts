import { spawn, type ChildProcess } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { processStart, waitForOrphan } from '../../src/actions/process-group.ts'

const children: ChildProcess[] = []
const never = new AbortController().signal

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(...argv: [string, ...string[]]): { pid: number; started: string } {
  const [program, ...rest] = argv
  const child = spawn(program, rest, { detached: true, stdio: 'ignore' })
  children.push(child)
  const pid = child.pid ?? 0
  return { pid, started: processStart(pid) ?? '' }
}

test('a command left behind may finish within its time', async () => {
  const orphan = start('sleep', '0.3')
  const startedMs = performance.now()
  await waitForOrphan(orphan, 5000, 1000, never)
  expect(performance.now() - startedMs).toBeGreaterThan(200)
  expect(performance.now() - startedMs).toBeLessThan(3000)
  expect(processStart(orphan.pid)).toBeNull()
})

test('past its time it is ended', async () => {
  const orphan = start('sleep', '60')
  await waitForOrphan(orphan, 200, 2000, never)
  for (const deadline = Date.now() + 2000; processStart(orphan.pid) !== null && Date.now() < deadline;)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect(processStart(orphan.pid)).toBeNull()
})

test('a later process of the same pid is left alone', async () => {
  const other = start('sleep', '60')
  await waitForOrphan({ pid: other.pid, started: 'another-boot:1' }, 100, 100, never)
  expect(processStart(other.pid)).toBe(other.started)
})

test('a process that cannot be told apart is left alone', async () => {
  const other = start('sleep', '60')
  await waitForOrphan({ pid: other.pid, started: '' }, 100, 100, never)
  expect(processStart(other.pid)).not.toBeNull()
})
