import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { createLog } from '@nightshift/shared/service/log'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nightshift-reporter-'))
const children: ChildProcess[] = []
let nats: NatsServer

beforeAll(async () => {
  nats = await startNats()
  const log = createLog({ service: 'admin', host: 'web-1', level: 'critical' })
  const needs = { streams: [], buckets: [] }
  const admin = openBus(
    { servers: [nats.url], service: 'admin', host: 'web-1', instance: 'i1', version: '0.1.0', spoolDir: null, needs },
    { clock: systemClock, log },
  )
  await admin.ready()
  if (admin.connection === undefined) throw new Error('no connection')
  await bootstrap(admin.connection, baseConfigSchema.parse({}).streams)
  await admin.close(500)
})
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')))
afterAll(async () => {
  await nats?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function run(config: string): { child: ChildProcess; output: () => string; url: Promise<string> } {
  const file = join(folder, 'nightshift.yaml')
  writeFileSync(file, `state_dir: ${join(folder, 'state')}\n${config}`)
  const child = spawn(process.execPath, [program, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  const { promise: url, resolve, reject } = Promise.withResolvers<string>()
  url.catch(() => undefined)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /"http":"([^"]+)"/.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    })
  }
  child.once('exit', () => reject(new Error(`it ended: ${output}`)))
  return { child, output: () => output, url }
}

it('runs alone beside a broker: probes, page and API, until it is told to stop', async () => {
  const { child, url, output } = run(`host: web-1\nnats: { servers: ["${nats.url}"] }\nhttp: { port: 0 }\nreporter: { title: Alone }\n`)
  const address = await url
  const deadline = performance.now() + 15_000
  while ((await fetch(`${address}/readyz`)).status !== 200 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50))
  expect((await fetch(`${address}/readyz`)).status).toBe(200)
  expect(await (await fetch(address)).text()).toContain('<title>Alone</title>')
  expect(await (await fetch(`${address}/metrics`)).text()).toMatch(/^nightshift_reporter_viewers\{host="web-1"\} 0$/m)
  const watching = await fetch(`${address}/api/v1/stream`)
  const exited = once(child, 'exit')
  const startedMs = performance.now()
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  expect(performance.now() - startedMs).toBeLessThan(5000)
  await watching.body?.cancel().catch(() => undefined)
  expect(output()).not.toMatch(/Experimental|"level":"(ERROR|CRITICAL)"/)
})

it('refuses a configuration that would show the console to the network, and says what to do', async () => {
  const { child, output } = run(`nats: { servers: ["${nats.url}"] }\nhttp: { address: 0.0.0.0, port: 0 }\n`)
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(output()).toContain('set http.address to 127.0.0.1')
})

it('refuses a configuration with a mistake in it, with its place', async () => {
  const { child, output } = run('reporter:\n  titel: x\n')
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(output()).toMatch(/nightshift\.yaml:3:3[\s\S]*titel[\s\S]*title/)
})
