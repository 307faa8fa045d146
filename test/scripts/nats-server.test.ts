import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Source } from '../../scripts/nats-sources.mjs'
import { findNatsServer, serverVersion } from '../../scripts/nats-server.mjs'
import { aptConfig, sourcesFor } from '../../scripts/nats-sources.mjs'
import type { Toolchain } from '../../scripts/toolchain.mjs'

let cache: string
let said: string[]

beforeEach(() => {
  cache = fs.mkdtempSync(path.join(os.tmpdir(), 'nightshift-cache-'))
  said = []
})

afterEach(() => fs.rmSync(cache, { recursive: true, force: true }))

/** A program that answers `--version` as nats-server does. */
function fakeServer(folder: string, version: string) {
  const file = path.join(folder, 'nats-server')
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(file, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 })
  return file
}

function source(id: string, version: string | Error): Source {
  return {
    id,
    title: id,
    bring: (folder) => (version instanceof Error ? Promise.reject(version) : Promise.resolve(fakeServer(folder, version))),
  }
}

function find(sources: Source[], options: { env?: NodeJS.ProcessEnv; fetch?: boolean } = {}) {
  const env = { PATH: '/nonexistent', ...options.env }
  return findNatsServer({
    cache,
    sources,
    minimum: '2.9.10',
    say: (line) => said.push(line),
    fetch: options.fetch ?? true,
    env,
    folders: [],
  })
}

describe('serverVersion', () => {
  it('reads the answer of --version', () => {
    expect(serverVersion('nats-server: v2.9.10\n')).toBe('2.9.10')
    expect(serverVersion('nats-server: v2.15.0-preview.1')).toBe('2.15.0')
    expect(serverVersion('command not found')).toBeNull()
  })
})

describe('findNatsServer', () => {
  it('takes NATS_SERVER when it is good, and says what is wrong when it is not', async () => {
    const good = fakeServer(path.join(cache, 'good'), '2.9.10')
    const old = fakeServer(path.join(cache, 'old'), '2.9.9')
    await expect(find([], { env: { NATS_SERVER: good } })).resolves.toBe(good)
    await expect(find([], { env: { NATS_SERVER: old } })).rejects.toThrow('2.9.10 is the oldest that works')
    await expect(find([], { env: { NATS_SERVER: '/nonexistent/nats-server' } })).rejects.toThrow('is not a nats-server that runs')
  })

  it('does not fail for a bad NATS_SERVER where no broker is needed', async () => {
    await expect(find([], { env: { NATS_SERVER: '/nonexistent/nats-server' }, fetch: false })).resolves.toBeNull()
  })

  it('takes the first on PATH that is new enough', async () => {
    const old = path.dirname(fakeServer(path.join(cache, 'a'), '2.8.4'))
    const good = fakeServer(path.join(cache, 'b'), '2.10.27')
    await expect(find([], { env: { PATH: `${old}:${path.dirname(good)}` } })).resolves.toBe(good)
    expect(said[0]).toContain('too old (2.8.4')
  })

  it('gives way to the next source, says which was not to be had, and uses the cache from then on', async () => {
    const sources = [source('release', new Error('ENOTFOUND')), source('package', '2.9.10')]
    const found = await find(sources)
    expect(found).toBe(path.join(cache, 'nats-server/package/nats-server'))
    expect(said.join()).toMatch(/2\.9\.10 .*package; not release \[ENOTFOUND\]/)
    await expect(find([source('release', new Error('asked again')), source('package', new Error('asked again'))])).resolves.toBe(found)
    await expect(find(sources, { fetch: false })).resolves.toBe(found)
  })

  it('leaves no temporary folder, also when everything fails, and says what to type', async () => {
    const failing = find([source('release', new Error('ENOTFOUND')), source('package', '2.1.0')])
    await expect(failing).rejects.toMatchObject({
      message: expect.stringContaining('2.9.10 is the oldest that works'),
      type: expect.arrayContaining(['NATS_SERVER=/path/to/nats-server npm start']),
    })
    expect(fs.readdirSync(cache)).toEqual([])
  })

  it('asks no source where no broker is needed', async () => {
    await expect(find([source('release', '2.14.5')], { fetch: false })).resolves.toBeNull()
  })
})

describe('sourcesFor', () => {
  const { toolchain } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { toolchain: Toolchain }
  const ids = (platform: string, arch: string) => sourcesFor({ node: 'node', toolchain }, platform, arch).map(({ id }) => id)

  it('tries the pinned release first, then what the system packages', () => {
    expect(ids('linux', 'x64')).toEqual([`release-${toolchain.nats_server}`, 'package'])
    expect(ids('linux', 'arm64')).toEqual([`release-${toolchain.nats_server}`, 'package'])
    expect(ids('linux', 's390x')).toEqual(['package'])
    expect(ids('darwin', 'arm64')).toEqual(['brew'])
  })

  it('asks for the official archive with its pinned hash, and unpacks it', async () => {
    // A stand-in for the Node that downloads: notes what it was asked for, and puts an archive of the release's form in place.
    const name = `nats-server-v${toolchain.nats_server}-linux-amd64`
    fakeServer(path.join(cache, name), toolchain.nats_server)
    expect(spawnSync('tar', ['-czf', path.join(cache, 'archive.tar.gz'), '-C', cache, name]).status).toBe(0)
    const node = path.join(cache, 'node')
    fs.writeFileSync(node, `#!/bin/sh\necho "$@" >"${cache}/asked"\ncp "${cache}/archive.tar.gz" "$3"\n`, { mode: 0o755 })
    const found = await find(sourcesFor({ node, toolchain }, 'linux', 'x64').slice(0, 1))
    expect(found).toBe(path.join(cache, 'nats-server', `release-${toolchain.nats_server}`, 'nats-server'))
    const asked = fs.readFileSync(path.join(cache, 'asked'), 'utf8')
    expect(asked).toContain(`https://github.com/nats-io/nats-server/releases/download/v${toolchain.nats_server}/${name}.tar.gz `)
    expect(asked).toContain(` ${toolchain.integrity[`${name}.tar.gz`]}`)
  })
})

describe('aptConfig', () => {
  const dump = [
    'Acquire::http::Proxy "http://proxy:3142";',
    'APT::Update::Post-Invoke:: "touch /system";',
    'Dir::State "/var/lib/apt";',
  ].join('\n')

  it("keeps the machine's proxy and leaves its hooks", () => {
    const config = aptConfig(dump, '/cache/x', { ownLists: false })
    expect(config).toContain('Acquire::http::Proxy')
    expect(config).not.toContain('Post-Invoke')
    expect(config).not.toContain('Dir::State::lists')
  })

  it('writes nowhere but below its folder', () => {
    const config = aptConfig(dump, '/cache/x', { ownLists: true })
    expect(config).toContain('Dir::Cache "/cache/x/cache";')
    expect(config).toContain('Dir::State::lists "/cache/x/lists";')
  })
})
