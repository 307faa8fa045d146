import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processStart } from '../src/actions/process-group.ts'
import { HealerRig, until } from './healer-rig.ts'

let rig: HealerRig
const healers: ChildProcess[] = []

beforeEach(async () => {
  rig = await HealerRig.start()
})

afterEach(async () => {
  for (const healer of healers.splice(0)) await end(healer, 'SIGKILL')
  await rig.stop()
})

const patient = { verify: { passes: 2, within: '2s', every: '100ms' } }

async function startProcess(playbooks: Record<string, unknown>): Promise<ChildProcess> {
  const script = new URL('healer-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, rig.server.url, rig.stateDir, JSON.stringify(playbooks)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  healers.push(child)
  await once(child.stdout, 'data')
  return child
}

async function end(healer: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (healer.exitCode !== null || healer.signalCode !== null) return
  const gone = once(healer, 'exit')
  healer.kill(signal)
  await gone
}

async function untilFile(name: string): Promise<string> {
  const path = join(rig.folder, name)
  await until(
    () => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'),
    10_000,
    () => name,
  )
  return readFileSync(path, 'utf8').trim()
}

test('a healer that is killed while its command runs does not run it again, but looks at what it did', async () => {
  const playbooks = { 'restart-web': rig.playbook('echo $$ > "$1/begun"; sleep 1; touch "$1/web.up"', patient) }
  const first = await startProcess(playbooks)
  await rig.tell(rig.health())
  await untilFile('begun')
  await end(first, 'SIGKILL')
  await startProcess(playbooks)
  await rig.untilPhase('recovered')
  expect(rig.acts()).toEqual(['1'])
  expect(rig.phases()).toEqual(['diagnosing', 'acting', 'verifying', 'recovered'])
  expect(rig.heals()[2]?.reason).toContain('the healer was interrupted during attempt 1')
})

test('when what the killed healer did has not helped, the next attempt is the second', async () => {
  const playbooks = {
    'restart-web': rig.playbook('echo $$ > "$1/begun"; [ "$NIGHTSHIFT_ATTEMPT" = 2 ] && touch "$1/web.up"; sleep 0.2', patient),
  }
  const first = await startProcess(playbooks)
  await rig.tell(rig.health())
  await untilFile('begun')
  await end(first, 'SIGKILL')
  await startProcess(playbooks)
  await rig.untilPhase('recovered')
  expect(rig.acts()).toEqual(['1', '2'])
})

test('a command that outlived the killed healer past its time is ended by the next one', async () => {
  const playbooks = { 'restart-web': rig.playbook('echo $$ > "$1/begun"; sleep 60', { ...patient, timeout: '1500ms', attempts: 1 }) }
  const first = await startProcess(playbooks)
  await rig.tell(rig.health())
  const pid = Number(await untilFile('begun'))
  await until(
    () => readFileSync(join(rig.stateDir, 'healer.json'), 'utf8').includes(`"pid":${pid}`),
    5000,
    () => 'its pid on the disk',
  )
  await end(first, 'SIGKILL')
  expect(processStart(pid)).not.toBeNull()
  await startProcess(playbooks)
  await until(
    () => processStart(pid) === null,
    10_000,
    () => 'the end of the command',
  )
  await rig.untilPhase('escalated')
  expect(rig.acts()).toEqual(['1'])
})

test.each([1, 2, 3, 4, 5, 6])(
  'killed at any moment (%i) it acts once, and every edge is told once',
  async (round) => {
    const playbooks = { 'restart-web': rig.playbook('touch "$1/web.up"', patient) }
    const first = await startProcess(playbooks)
    await rig.tell(rig.health())
    await new Promise((resolve) => setTimeout(resolve, round * 60))
    await end(first, 'SIGKILL')
    await startProcess(playbooks)
    // Killed before it had acknowledged the trigger, it gets it again when the server's wait of 30 s is over.
    await rig.untilPhase('recovered', 45_000)
    expect(rig.acts()).toHaveLength(1)
    const edges = rig.heals().map((event) => event.id)
    expect(new Set(edges).size).toBe(edges.length)
  },
  70_000,
)

test('a healer that is told to stop ends its command within the deadline and leaves nothing behind', async () => {
  const playbooks = { 'restart-web': rig.playbook('echo $$ > "$1/begun"; sleep 60', patient) }
  const healer = await startProcess(playbooks)
  await rig.tell(rig.health())
  const pid = Number(await untilFile('begun'))
  const startedMs = Date.now()
  await end(healer, 'SIGTERM')
  expect(Date.now() - startedMs).toBeLessThan(5000)
  expect(processStart(pid)).toBeNull()
  rig.setUp('web', true)
  await startProcess(playbooks)
  expect(await rig.untilPhase('recovered')).toMatchObject({ attempt: 1 })
  expect(rig.acts()).toEqual(['1'])
})

test('a daemon that the healer started stays when the healer stops and when it is killed', async () => {
  const daemon = {
    ...rig.playbook('', { detach: true }),
    run: ['sh', '-c', 'echo $$ > "$1/daemon"; touch "$1/web.up"; exec sleep 60', 'sh', rig.folder],
  }
  const healer = await startProcess({ 'restart-web': daemon })
  await rig.tell(rig.health())
  const pid = Number(await untilFile('daemon'))
  try {
    await rig.untilPhase('recovered')
    await end(healer, 'SIGTERM')
    expect(processStart(pid)).not.toBeNull()
    await end(await startProcess({ 'restart-web': daemon }), 'SIGKILL')
    expect(processStart(pid)).not.toBeNull()
  } finally {
    process.kill(pid, 'SIGKILL')
  }
})
