import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect as connectToNats } from '@nats-io/transport-node'
import { repositoryRoot } from '@nightshift/cli/repository'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { parseEvent } from '@nightshift/shared/events/parse'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { startNats } from '@nightshift/test-servers/nats'
import { expect, onTestFinished, test, vi } from 'vitest'

const image = process.env['NIGHTSHIFT_TEST_IMAGE'] ?? 'base:bookworm'
const run = promisify(execFile)
const docker = async (...argv: string[]): Promise<string> => (await run('docker', argv, { timeout: 60_000 })).stdout.trim()

const missing =
  process.platform === 'linux'
    ? await docker('image', 'inspect', image).then(
        () => undefined,
        () => `no Docker daemon on this host, or no image ${image}: set NIGHTSHIFT_TEST_IMAGE to one that Node runs in`,
      )
    : 'only Linux has /proc to mount'
if (missing !== undefined) console.warn(`skipped: ${missing}`)

/** A network of containers, with an address by which they reach this host. */
async function startNetwork(): Promise<{ name: string; gateway: string }> {
  const name = `nightshift-test-${randomUUID().slice(0, 8)}`
  onTestFinished(async () => void (await docker('network', 'rm', name).catch(() => undefined)))
  await docker('network', 'create', name)
  return { name, gateway: await docker('network', 'inspect', name, '--format', '{{(index .IPAM.Config 0).Gateway}}') }
}

/** The broker listens on loopback only; here it is for the containers of one network, and nobody else. */
async function offerTo(gateway: string, port: number): Promise<string> {
  const server = createServer((inside) => {
    const broker = connect(port, '127.0.0.1')
    for (const [from, to] of [[inside, broker] as const, [broker, inside] as const]) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, gateway)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `nats://${gateway}:${(server.address() as AddressInfo).port}`
}

/** The last message of each group, whole. */
async function hear(url: string): Promise<Map<string, MetricEvent>> {
  const connection = await connectToNats({ servers: url })
  onTestFinished(() => connection.close())
  await bootstrap(connection, baseConfigSchema.parse({}).streams)
  const last = new Map<string, MetricEvent>()
  connection.subscribe('ops.metric.>', {
    callback: (error, message) => {
      if (error !== null) return
      const received = parseEvent(message.subject, message.data)
      if (received.kind === 'metric') last.set(received.event.group, received.event)
    },
  })
  await connection.flush()
  return last
}

/** The collector's own process in a container with its own network, processes and files; the host's are mounted read-only. */
async function startInContainer(network: string, natsUrl: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-container-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'state'))
  writeFileSync(
    join(folder, 'nightshift.yaml'),
    `host: watched.example.com\nstate_dir: /work/state\nhttp: { port: 0 }\nnats: { servers: ["${natsUrl}"] }\ncollector: { slow_every: 1s }\n`,
  )
  const name = `nightshift-test-${randomUUID().slice(0, 8)}`
  const mounts = [
    `${process.execPath}:/usr/local/bin/node:ro`,
    `${repositoryRoot}:/nightshift:ro`,
    `${folder}:/work`,
    '/proc:/host/proc:ro',
    '/sys:/host/sys:ro',
    '/:/host/root:ro',
  ]
  const environment = ['HOST_PROC=/host/proc', 'HOST_SYS=/host/sys', 'HOST_ROOT=/host/root']
  onTestFinished(async () => void (await docker('rm', '-f', name).catch(() => undefined)))
  const options = ['--name', name, '--network', network, '--read-only', '--memory', '256m']
  const volumes = mounts.flatMap((mount) => ['-v', mount])
  const variables = environment.flatMap((variable) => ['-e', variable])
  const command = ['/usr/local/bin/node', '/nightshift/services/collector/src/main.ts', '--config', '/work/nightshift.yaml']
  await docker('run', '-d', ...options, ...volumes, ...variables, image, ...command)
  return name
}

type Item = NonNullable<MetricEvent['items']>[number]

const namesIn = (event: MetricEvent | undefined, label: string): string[] => (event?.items ?? []).map((item) => String(item[label]))

test.skipIf(missing !== undefined)(
  'the collector in a container reports the host: its interfaces, mounts, disks, memory, processes, name',
  async () => {
    const server = await startNats()
    onTestFinished(() => server.stop())
    const last = await hear(server.url)
    const network = await startNetwork()
    const name = await startInContainer(network.name, await offerTo(network.gateway, server.port))
    const wanted = ['cpu', 'mem', 'load', 'net', 'fs', 'disk', 'proc', 'container', 'inventory']
    const own = (): Item | undefined => last.get('container')?.items?.find((item) => item['name'] === name)
    const silent = (): string[] => [...wanted.filter((group) => !last.has(group)), ...(own() === undefined ? [name] : [])]
    try {
      await vi.waitUntil(() => silent().length === 0, { timeout: 90_000, interval: 200 })
    } catch (cause) {
      const { stdout, stderr } = await run('docker', ['logs', name])
      throw new Error(`nothing was heard of ${silent().join(', ')}; the collector in the container said:\n${stdout}${stderr}`, { cause })
    }

    const nicsOfHost = readFileSync('/proc/1/net/dev', 'utf8').matchAll(/^\s*([^\s:]+):/gm)
    const nics = [...nicsOfHost].map(([, nic = '']) => nic).filter((nic) => !/^(?:veth|cali|lxc|ifb|dummy)/.test(nic))
    expect(namesIn(last.get('net'), 'nic').toSorted()).toEqual(nics.toSorted())
    expect(nics).toContain('docker0')
    expect(await docker('exec', name, 'cat', '/proc/net/dev')).not.toContain('docker0')

    const root = last.get('fs')?.items?.find((item) => item['mount'] === '/')
    const usage = statfsSync('/')
    expect(root?.['size_bytes']).toBe(usage.blocks * usage.bsize)
    const deviceOfHost = /^(\S+) \/ /m.exec(readFileSync('/proc/1/mounts', 'utf8'))?.[1]
    expect(root?.['device']).toBe(deviceOfHost)
    expect(await docker('exec', name, 'cat', '/proc/self/mounts')).toMatch(/^overlay \/ /m)

    const memory = Number(/^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024
    expect(last.get('mem')?.fields?.['total_bytes']).toBe(memory)
    expect(last.get('cpu')?.fields?.['cores']).toBe(Number(execFileSync('nproc', ['--all'], { encoding: 'utf8' })))
    expect(namesIn(last.get('disk'), 'device').length).toBeGreaterThan(0)

    // It sees itself, as the host's daemon knows it, with the limit that it was given.
    expect(own()).toMatchObject({ running: 1, image, memory_limit_bytes: 256 * 1024 ** 2 })

    // Processes of the host, of which a container with a process tree of its own has only its own.
    const inContainer = Number(await docker('exec', name, 'sh', '-c', 'ls -d /proc/[0-9]* | wc -l'))
    expect(last.get('proc')?.fields?.['count']).toBeGreaterThan(inContainer)

    const inventory = last.get('inventory')
    const system = (inventory?.items ?? []).filter((item) => item['kind'] === 'os')
    const release = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    expect(system.find((item) => item['name'] === 'name')?.['value']).toBe(release)
    const ownName = readFileSync('/etc/hostname', 'utf8').trim() || hostname()
    expect(system.find((item) => item['name'] === 'hostname')?.['value']).toBe(ownName)
    expect([...last.values()].every((event) => event.host === 'watched.example.com')).toBe(true)
  },
)
