import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { startNats } from '@nightshift/test-servers/nats'
import { bundle, services } from '../../scripts/bundle.mjs'

test('a bundled collector reads its configuration by its child and publishes, with nothing beside it but Node', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const written = await bundle('collector', join(folder, 'collector'))
  const server = await startNats()
  onTestFinished(async () => await server.stop())
  const connection = await connect({ servers: server.url })
  onTestFinished(async () => await connection.close())
  await bootstrap(connection, baseConfigSchema.parse({}).streams)
  const heard = connection.subscribe('ops.agent.web-1.collector', { max: 1, timeout: 20_000 })
  await connection.flush()
  const config = join(folder, 'nightshift.yaml')
  writeFileSync(config, `host: web-1\nstate_dir: ${folder}/state\nhttp: {port: 0}\nnats: {servers: ["${server.url}"]}\n`)
  const child = spawn(join(written, 'run'), ['--config', config], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdout.resume()
  for await (const message of heard) expect(message.json()).toMatchObject({ service: 'collector', host: 'web-1' })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a bundle of what is no service is refused with the names of those there are', async () => {
  await expect(bundle('colector', tmpdir())).rejects.toThrow(`no service is named "colector": ${Object.keys(services).join(', ')}`)
})
