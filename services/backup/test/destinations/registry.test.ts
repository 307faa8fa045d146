import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { destinationSchema } from '../../src/config/destination-config.ts'
import { openStore } from '../../src/destinations/registry.ts'
import { put } from './store-conformance.ts'

const context = { host: 'web-1', nats: { servers: ['nats://127.0.0.1:4222'] } }

it('opens each kind without asking anything of the other side, and shows no secret', async () => {
  const login = { access_key_id: 'A', secret_access_key: 'the-secret' }
  const descriptions = await Promise.all(
    [
      { kind: 'local', path: '/var/backups/ns' },
      { kind: 's3', endpoint: 'http://127.0.0.1:1', bucket: 'backups', prefix: 'ns', ...login },
      { kind: 'nats', bucket: 'backup', bandwidth: '1MiB' },
    ].map(async (value) => {
      const store = await openStore(destinationSchema.parse(value), context)
      await store.close()
      return store.description
    }),
  )
  expect(descriptions).toEqual(['folder /var/backups/ns', 's3://backups/ns', 'object store backup'])
})

it('keeps to the limit of the configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-registry-'))
  try {
    const store = await openStore(destinationSchema.parse({ kind: 'local', path: join(folder, 'r'), bandwidth: '16KiB' }), context)
    await store.create()
    const started = performance.now()
    await put(store, 'data', Buffer.alloc(24 * 1024))
    await put(store, 'data', Buffer.alloc(10))
    expect(performance.now() - started).toBeGreaterThan(480)
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('loads no adapter before it is needed', async () => {
  const registry = new URL('../../src/destinations/registry.ts', import.meta.url).href
  const schema = new URL('../../src/config/destination-config.ts', import.meta.url).href
  const script = `import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
    await import(${JSON.stringify(registry)})
    await import(${JSON.stringify(schema)})
    process.stdout.write(JSON.stringify(loaded.filter((url) => /aws-sdk|smithy|nats-io/.test(url))))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(JSON.parse(stdout)).toEqual([])
})
