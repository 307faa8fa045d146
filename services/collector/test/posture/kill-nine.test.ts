import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { brokerWithListener, temporaryFolder, type Heard } from '../service-on-broker.ts'
import { HostFolder } from './host-folder.ts'

const program = new URL('./room-process.ts', import.meta.url).pathname
const patience = { timeout: 40_000, interval: 20 }
const passwd = (names: readonly string[]): string =>
  ['root', ...names].map((name, index) => `${name}:x:${index}:${index}::/home/${name}:/bin/sh\n`).join('')
const told = (heard: Heard): string[] => heard.of('change').map(({ event }) => event.summary.split(' is new')[0] ?? '')

interface Killable {
  child: ChildProcess
  exit: Promise<unknown>
  /** Looks that it reported. */
  looks: string[]
}

function run(url: string, stateDir: string, folder: HostFolder, die: string): Killable {
  const env = { ...process.env, URL: url, STATE_DIR: stateDir, ROOT: folder.root, DIE: die }
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const looks: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => looks.push(line))
  return { child, exit: once(child, 'exit'), looks }
}

test.for(['before-publishing', 'after-publishing'])(
  'a difference is in the stream once although the process is killed %s',
  { timeout: 120_000 },
  async (moment) => {
    const { server, heard } = await brokerWithListener()
    const folder = new HostFolder()
    const stateDir = temporaryFolder()
    folder.write('/etc/passwd', passwd([]))
    const first = run(server.url, stateDir, folder, 'never')
    await vi.waitFor(() => expect(first.looks.length).toBeGreaterThan(0), patience)
    first.child.kill('SIGKILL')
    await first.exit

    folder.write('/etc/passwd', passwd(['eve']))
    const second = run(server.url, stateDir, folder, moment)
    expect(await second.exit).toEqual([null, 'SIGKILL'])
    expect(second.looks).toEqual([])
    const third = run(server.url, stateDir, folder, 'never')
    await vi.waitFor(() => expect(third.looks.length).toBeGreaterThan(1), patience)
    await vi.waitFor(() => expect(told(heard)).toEqual(['account eve']), patience)
    expect(heard.of('dead')).toEqual([])
  },
)

test('killed at any moment while accounts come, each is told once', { timeout: 120_000 }, async () => {
  const { server, heard } = await brokerWithListener()
  const folder = new HostFolder()
  const stateDir = temporaryFolder()
  folder.write('/etc/passwd', passwd([]))
  const first = run(server.url, stateDir, folder, 'never')
  await vi.waitFor(() => expect(first.looks.length).toBeGreaterThan(0), patience)
  first.child.kill('SIGKILL')
  await first.exit
  const names: string[] = []
  for (let round = 0; round < 2; round++) {
    names.push(`eve${round}`)
    folder.write('/etc/passwd', passwd(names))
    const killed = run(server.url, stateDir, folder, 'never')
    // Around the time of the first look, which the schedule puts within its first second.
    await vi.waitFor(() => expect(killed.looks.length).toBeGreaterThan(round % 2), patience)
    names.push(`mallory${round}`)
    folder.write('/etc/passwd', passwd(names))
    await setTimeout(900 + Math.random() * 200)
    killed.child.kill('SIGKILL')
    await killed.exit
  }
  const last = run(server.url, stateDir, folder, 'never')
  await vi.waitFor(() => expect(last.looks.length).toBeGreaterThan(1), patience)
  await vi.waitFor(() => expect(told(heard).toSorted()).toEqual(names.map((name) => `account ${name}`).toSorted()), patience)
})
