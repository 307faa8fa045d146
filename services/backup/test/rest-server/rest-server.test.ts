import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { RestAccess } from '../../src/rest-server/rest-access.ts'
import { startRestServer, type RestServer } from '../../src/rest-server/rest-server.ts'
import { fileFor, put } from '../destinations/store-conformance.ts'

interface Asked {
  method?: string
  body?: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string>
}

describe("restic's REST protocol", () => {
  let store: MemoryStore
  let server: RestServer

  const start = async (access?: RestAccess): Promise<void> => {
    server = await startRestServer(store, access === undefined ? {} : { access })
  }
  const ask = async (path: string, init: Asked = {}): Promise<Response> => {
    const { username, password, origin } = new URL(server.url)
    const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}`, ...init.headers }
    return await fetch(`${origin}${path}`, { ...init, headers })
  }

  beforeEach(() => {
    store = new MemoryStore()
  })
  afterEach(async () => await server.close())

  it('lists with sizes to those who ask for them, and without to the others', async () => {
    const file = await put(store, 'data', Buffer.from('a pack'))
    await start()
    const two = await ask('/data/', { headers: { accept: 'application/vnd.x.restic.rest.v2' } })
    expect(two.headers.get('content-type')).toBe('application/vnd.x.restic.rest.v2')
    expect(await two.json()).toEqual([{ name: file.id, size: 6 }])
    expect(await (await ask('/data/')).json()).toEqual([file.id])
    expect(await (await ask('/keys/')).json()).toEqual([])
  })

  it('gives files and parts of them', async () => {
    const file = await put(store, 'data', Buffer.from('0123456789'))
    await start()
    const path = `/data/${file.id}`
    expect(await (await ask(path)).text()).toBe('0123456789')
    const part = await ask(path, { headers: { range: 'bytes=3-5' } })
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '345', 'bytes 3-5/10'])
    expect(await (await ask(path, { headers: { range: 'bytes=8-' } })).text()).toBe('89')
    expect(await (await ask(path, { headers: { range: 'bytes=8-99' } })).text()).toBe('89')
    expect((await ask(path, { headers: { range: 'bytes=10-12' } })).status).toBe(416)
    const head = await ask(path, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10'])
    expect((await ask('/config', { method: 'HEAD' })).status).toBe(404)
  })

  it('lets nobody in without the password of this run', async () => {
    await put(store, 'config', Buffer.from('config'))
    await start('write')
    for (const authorization of ['', 'Basic', `Basic ${btoa('nightshift:')}`, `Basic ${btoa('nightshift:guess')}`, 'Bearer x'])
      expect((await ask('/config', { headers: { authorization } })).status).toBe(401)
    expect((await ask('/config')).status).toBe(200)
  })

  it('changes nothing unless it was told to', async () => {
    const file = await put(store, 'snapshot', Buffer.from('a snapshot'))
    const lock = fileFor('lock', Buffer.from('a lock'))
    await start()
    expect((await ask('/?create=true', { method: 'POST' })).status).toBe(403)
    expect((await ask(`/snapshots/${file.id}`, { method: 'DELETE' })).status).toBe(403)
    expect((await ask(`/locks/${lock.id}`, { method: 'POST', body: 'a lock' })).status).toBe(403)
    await server.close()
    await start('lock')
    expect((await ask(`/locks/${lock.id}`, { method: 'POST', body: 'a lock' })).status).toBe(200)
    expect((await ask(`/snapshots/${file.id}`, { method: 'DELETE' })).status).toBe(403)
    expect((await ask(`/locks/${lock.id}`, { method: 'DELETE' })).status).toBe(200)
    expect(await store.sizeOf(file)).toBe(10)
    expect(await store.sizeOf(lock)).toBeUndefined()
  })

  it('stores a file only under its hash, and none twice with other bytes', async () => {
    await start('write')
    const bytes = randomBytes(1000)
    const file = fileFor('data', bytes)
    expect((await ask(`/data/${'0'.repeat(64)}`, { method: 'POST', body: bytes })).status).toBe(400)
    expect((await ask(`/data/${file.id}`, { method: 'POST', body: bytes })).status).toBe(200)
    expect((await ask('/config', { method: 'POST', body: 'one' })).status).toBe(200)
    expect((await ask('/config', { method: 'POST', body: 'two' })).status).toBe(403)
    expect(await store.read(file)).toEqual(bytes)
    expect((await store.read({ type: 'config', id: '' })).toString()).toBe('one')
  })

  it('has nothing at paths that are not of the protocol', async () => {
    await start('write')
    const id = 'a'.repeat(64)
    for (const path of [
      '/data',
      '/data/aa/',
      `/data/aa/${id}`,
      '/etc/passwd',
      '/data/..%2fconfig',
      '/locks/short',
      `/DATA/${id}`,
      '//config',
    ])
      expect({ path, status: (await ask(path, { method: 'HEAD' })).status }).toEqual({ path, status: path === '/data' ? 405 : 404 })
    expect((await ask('/', { method: 'DELETE' })).status).toBe(405)
    expect((await ask(`/data/${id}`, { method: 'PUT', body: 'x' })).status).toBe(405)
  })

  it('refuses a body without a length, or beyond its bound, before it takes any of it', async () => {
    await start('write')
    const { username, password } = new URL(server.url)
    const login = `authorization: Basic ${btoa(`${username}:${password}`)}`
    for (const [header, status] of [
      ['transfer-encoding: chunked', 411],
      [`content-length: ${1024 ** 3}`, 413],
    ] as const) {
      const socket = connect(server.port, '127.0.0.1')
      socket.write(`POST /data/${'a'.repeat(64)} HTTP/1.1\r\nhost: x\r\n${login}\r\n${header}\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(`HTTP/1.1 ${status} `)
      socket.destroy()
    }
  })
})
