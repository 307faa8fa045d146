import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '@nightshift/test-servers/nats'
import { HealerRig, until } from './healer-rig.ts'

let rig: HealerRig
let child: ChildProcess | undefined

beforeEach(async () => {
  rig = await HealerRig.start()
})

afterEach(async () => {
  child?.kill('SIGKILL')
  child = undefined
  await rig.stop()
})

interface Main {
  output(): string
  ended: Promise<number | null>
}

function startMain(yaml: string): Main {
  const file = join(rig.folder, 'nightshift.yaml')
  writeFileSync(file, `state_dir: ${rig.stateDir}\n${yaml}`)
  const script = new URL('../src/main.ts', import.meta.url).pathname
  const started = spawn(process.execPath, [script, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  child = started
  let output = ''
  for (const stream of [started.stdout, started.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { output: () => output, ended: once(started, 'close').then(([code]) => code as number | null) }
}

test('the process heals, answers its probes, takes a changed file, and ends with 0 when it is told to stop', async () => {
  const port = await freePort()
  const yaml = (mode: string): string => `host: web-1
nats: { servers: ["${rig.server.url}"] }
http: { port: ${port} }
healer:
  playbooks:
    restart-web:
      when: { check: web }
      mode: ${mode}
      run: [sh, -c, 'echo ran >> "${rig.folder}/acts"; touch "${rig.folder}/web.up"']
      verify: { passes: 2, within: 2s, every: 100ms }
`
  const main = startMain(yaml('dry_run'))
  await until(
    () => main.output().includes('healer started on'),
    10_000,
    () => `the start; it said ${main.output()}`,
  )
  await rig.tell(rig.health())
  await rig.untilPhase('held')
  expect(await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()).toMatchObject({ status: 'ok', service: 'healer' })

  writeFileSync(join(rig.folder, 'nightshift.yaml'), `state_dir: ${rig.stateDir}\n${yaml('auto')}`)
  child?.kill('SIGHUP')
  const heals = async (): Promise<boolean> => {
    await rig.tell(rig.health())
    await new Promise((resolve) => setTimeout(resolve, 300))
    return rig.phases().includes('recovered')
  }
  for (let tries = 0; tries < 20 && !(await heals()); tries++);
  expect(rig.acts()).toEqual(['ran'])
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('nightshift_healer_acts_total{host="web-1"} 1')

  child?.kill('SIGTERM')
  expect(await main.ended).toBe(0)
})

test('a broken file ends it with 1 and says where and what', async () => {
  const main = startMain('healer:\n  playbooks:\n    restart-web:\n      when: { chek: web }\n      run: [systemctl, restart, web]\n')
  expect(await main.ended).toBe(1)
  expect(main.output()).toMatch(/nightshift\.yaml:5:\d+/)
  expect(main.output()).toContain('did you mean "check"')
})
