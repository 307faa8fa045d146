import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const script = new URL('../../scripts/download.mjs', import.meta.url).pathname
const body = Buffer.alloc(200_000, 'nightshift')
const sha256 = createHash('sha256').update(body).digest('hex')
let folder: string
let server: http.Server
let base: string

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-download-'))
  server = http.createServer((request, response) => {
    if (request.url === '/missing') response.writeHead(404).end()
    else if (request.url === '/moved') response.writeHead(302, { location: '/file' }).end()
    else if (request.url !== '/silent') response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

async function download(url: string, ...args: string[]) {
  const file = path.join(folder, `${Math.random()}`)
  const child = spawn(process.execPath, [script, url, file, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let error = ''
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, error: error.trim(), kept: fs.existsSync(file) ? fs.readFileSync(file) : null }
}

describe('download', () => {
  it('keeps a file with the right hash, also after a redirect', async () => {
    const result = await download(`${base}/moved`, sha256)
    expect(result).toMatchObject({ code: 0, error: '' })
    expect(result.kept?.equals(body)).toBe(true)
  })

  it('removes a file with another hash', async () => {
    await expect(download(`${base}/file`, 'f'.repeat(64))).resolves.toMatchObject({
      code: 1,
      kept: null,
      error: expect.stringContaining('SHA-256'),
    })
  })

  it('stops at the size limit', async () => {
    await expect(download(`${base}/file`, sha256, '1000')).resolves.toMatchObject({ code: 1, kept: null, error: 'larger than 1000 bytes' })
  })

  it('gives way at once when nobody listens or the file is not there', async () => {
    await expect(download('http://127.0.0.1:1/file', sha256)).resolves.toMatchObject({ code: 1, kept: null })
    await expect(download(`${base}/missing`, sha256)).resolves.toMatchObject({ code: 1, kept: null, error: 'HTTP 404' })
  })

  it('does not wait longer than five seconds for the first byte', async () => {
    const start = Date.now()
    await expect(download(`${base}/silent`, sha256)).resolves.toMatchObject({ code: 1, error: 'no answer for 5 s' })
    expect(Date.now() - start).toBeLessThan(8_000)
  }, 15_000)
})
