import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lockFolder } from '@nightshift/shared/service/folder-lock'
import { identifyProcess, isAlive } from '@nightshift/shared/service/process-identity'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lockModule = fileURLToPath(new URL('../../src/service/folder-lock.ts', import.meta.url))

/** Takes the lock in a process of its own, says `held` or the code, and keeps it until it is killed. */
function takeInChild(target: string) {
  const script = `
    const { lockFolder } = await import(${JSON.stringify(lockModule)})
    try { lockFolder(${JSON.stringify(target)}, '--data DIR'); console.log('held') } catch (error) { console.log(error.code); process.exit(1) }
    setInterval(() => {}, 1000)`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstLine(child: ReturnType<typeof takeInChild>): Promise<string> {
  const [data] = (await once(child.stdout, 'data')) as [Buffer]
  return data.toString().trim()
}

describe('the lock of a folder', () => {
  test('makes the folder for its owner only and leaves nothing behind when released', () => {
    const target = join(folder, 'new', 'data')
    lockFolder(target, '--data DIR').release()
    expect(statSync(target).mode & 0o777).toBe(0o700)
    expect(readdirSync(target)).toEqual([])
  })

  test('a second taker is refused, and told who holds it', async () => {
    const holder = takeInChild(folder)
    expect(await firstLine(holder)).toBe('held')
    expect(() => lockFolder(folder, '--data DIR')).toThrow(`in use by process ${holder.pid}`)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
  })

  test('the lock of a process that was killed is taken over', async () => {
    const holder = takeInChild(folder)
    expect(await firstLine(holder)).toBe('held')
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    lockFolder(folder, '--data DIR').release()
  })

  test('a lock whose pid belongs to another process by now is taken over', () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: 'another boot:1' }))
    const lock = lockFolder(folder, '--data DIR')
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toEqual(identifyProcess(process.pid))
    lock.release()
  })

  test('a torn lock file is taken over', () => {
    writeFileSync(join(folder, 'lock'), '{"pid": 12')
    const lock = lockFolder(folder, '--data DIR')
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toEqual(identifyProcess(process.pid))
    lock.release()
  })

  test('of ten that start at once on a stale lock, one gets it', async () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: 'another boot:1' }))
    const takers = Array.from({ length: 10 }, () => takeInChild(folder))
    const answers = await Promise.all(takers.map(firstLine))
    expect(answers.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'folder_in_use'), 'held'])
    for (const taker of takers) {
      if (taker.exitCode !== null) continue
      taker.kill('SIGKILL')
      await once(taker, 'exit')
    }
  })

  test('a folder that cannot be written says what to do', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => lockFolder(join(folder, 'file'), '--data DIR')).toThrow('choose another folder with --data DIR')
  })
})

describe('the identity of a process', () => {
  test('this process is alive, and is not one with another start time', () => {
    const self = identifyProcess(process.pid)
    expect(self && isAlive(self)).toBe(true)
    expect(isAlive({ pid: process.pid, started: 'other' })).toBe(false)
  })

  test('a process that ended is gone, even before its parent has reaped it', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
    const identity = identifyProcess(child.pid ?? 0)
    await once(child, 'exit')
    expect(identity && isAlive(identity)).toBe(false)
  })
})
