import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess } from '@nightshift/shared/service/process-identity'
import { removeLeftovers } from '../../src/local/leftovers.ts'
import { markOwner, readOwnerMark } from '../../src/sources/owner-mark.ts'
import { findProgram } from '../../src/sources/process/find-program.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'leftovers-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Starts scratch servers in a process of its own and kills it. What is left: the folders, with who was started in them. */
async function killedWith(source: string): Promise<void> {
  const script = `${source}; process.stdout.write('ready'); setInterval(() => undefined, 1000)`
  const env = { ...process.env, TMPDIR: folder }
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[]
  expect(String(said)).toBe('ready')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function module(path: string): string {
  return JSON.stringify(new URL(`../../src/sources/${path}`, import.meta.url).href)
}

const work = (): string => join(folder, 'work')
const places = (): { path: string; isOurs: boolean }[] => [
  { path: work(), isOurs: true },
  { path: folder, isOurs: false },
]

test('what a killed process left is removed with its scratch server, and what is that of living ones stays', async () => {
  const drill = join(work(), 'job')
  mkdirSync(drill, { recursive: true })
  await killedWith(
    `import { ScratchNats } from ${module('nats/scratch.ts')}; await ScratchNats.start(${JSON.stringify(drill)}, new AbortController().signal)`,
  )
  const [name = ''] = readdirSync(drill)
  const mark = readOwnerMark(join(drill, name))
  const [server] = mark?.children ?? []
  expect(identifyProcess(server?.pid ?? 0)).toEqual(server)

  const mine = join(folder, 'nightshift-mine')
  const unmarked = join(folder, 'nightshift-unmarked')
  for (const path of [mine, unmarked]) mkdirSync(path)
  markOwner(mine)
  expect(await removeLeftovers(places())).toEqual({ folders: 1, processes: 1 })
  expect(identifyProcess(server?.pid ?? 0)).toBeUndefined()
  expect(readdirSync(drill)).toEqual([])
  expect([mine, unmarked].map((path) => existsSync(path))).toEqual([true, true])
  expect(await removeLeftovers(places())).toEqual({ folders: 0, processes: 0 })
}, 30_000)

test('a mark that anybody could have made ends nothing: a link, one with a name of others, a number that is used again', async () => {
  const bystander = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  try {
    const pid = bystander.pid ?? 0
    const identity = identifyProcess(pid)
    const mark = (name: string, started: string): string => {
      const path = join(folder, name)
      mkdirSync(path)
      markOwner(path)
      const own = JSON.parse(readFileSync(join(path, '.nightshift-owner'), 'utf8').trim()) as { owner: object; space: string }
      const dead = { ...own, owner: { ...own.owner, started: 'gone' } }
      writeFileSync(join(path, '.nightshift-owner'), `${JSON.stringify(dead)}\n${JSON.stringify({ child: { pid, started } })}\n{"chi`)
      return path
    }
    const reused = mark('nightshift-reused', 'another boot:1')
    const stranger = mark('somebody-elses', identity?.started ?? '')
    const linked = join(folder, 'nightshift-linked')
    mkdirSync(linked)
    symlinkSync(join(stranger, '.nightshift-owner'), join(linked, '.nightshift-owner'))
    expect(await removeLeftovers([{ path: folder, isOurs: false }])).toEqual({ folders: 1, processes: 0 })
    expect([reused, stranger, linked].map((path) => existsSync(path))).toEqual([false, true, true])
    expect(identifyProcess(pid)).toEqual(identity)
  } finally {
    bystander.kill('SIGKILL')
  }
})

const noPostgres = findProgram(['initdb']) === undefined || findProgram(['postgres']) === undefined
if (noPostgres) process.stdout.write('skipped: what a killed drill of PostgreSQL leaves: no initdb and postgres on this machine\n')

test.skipIf(noPostgres)(
  'a scratch server of PostgreSQL that runs as another account ends, and both its folders go',
  async () => {
    mkdirSync(work())
    await killedWith(
      `import { chmodSync } from 'node:fs'; chmodSync(${JSON.stringify(folder)}, 0o755);
       import { ScratchCluster } from ${module('postgres/scratch.ts')}; await ScratchCluster.start(${JSON.stringify(work())}, undefined, new AbortController().signal)`,
    )
    const left = [folder, work()].flatMap((path) => readdirSync(path).flatMap((name) => readOwnerMark(join(path, name)) ?? []))
    expect(left).toHaveLength(2)
    expect(await removeLeftovers(places())).toEqual({ folders: 2, processes: 1 })
    for (const { pid } of left.flatMap(({ children }) => children)) expect(identifyProcess(pid)).toBeUndefined()
    expect(readdirSync(folder)).toEqual(['work'])
  },
  60_000,
)
