import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, isIP } from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { eachObject } from '../../../src/posture/child/json-objects.ts'
import { iptablesFacts } from '../../../src/posture/network/iptables-save.ts'
import { isLoopback, parseAddress, parseListeningSockets, readListeningSockets } from '../../../src/posture/network/listening-sockets.ts'
import { nftFacts } from '../../../src/posture/network/nft-ruleset.ts'
import { findSocketOwners } from '../../../src/posture/network/socket-owners.ts'
import { judgePorts, lookAtPorts } from '../../../src/posture/aspects/ports.ts'
import { fixture } from '../../fixture.ts'
import type { Facts } from '../../../src/posture/look.ts'
import { HostFolder } from '../host-folder.ts'
import { countTurns } from '../turns.ts'

const recorded = (name: string): string => fixture(`posture/recorded/${name}`)
const sockets = (file: string, protocol: 'tcp' | 'udp'): string[] =>
  parseListeningSockets(recorded(file), protocol).map(({ address, port }) => `${address} ${port}`)

test('listening sockets of the recorded kernel are read, connections are not', () => {
  expect(sockets('tcp', 'tcp')).toEqual(expect.arrayContaining(['127.0.0.1 45001', '0.0.0.0 45002']))
  expect(parseListeningSockets(recorded('tcp'), 'tcp').length).toBeLessThan(recorded('tcp').split('\n').length - 2)
  expect(sockets('tcp6', 'tcp').toSorted()).toEqual([':: 45004', '::1 45003'])
  expect(sockets('udp', 'udp').toSorted()).toEqual(['127.0.0.1 45005', '127.0.0.1 5353'])
  expect(sockets('udp6', 'udp')).toEqual(['::1 5354'])
})

test('addresses are written as people do, and every one is an address', () => {
  expect(parseAddress('B80D01200000000067452301EFCDAB89')).toBe('2001:db8::123:4567:89ab:cdef')
  expect(parseAddress('0000000000000000FFFF00000100007F')).toBe('127.0.0.1')
  expect(parseAddress('0000000000000000')).toBeUndefined()
  fc.assert(
    fc.property(
      fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
      (bytes) => {
        const address = parseAddress(Buffer.from(bytes).toString('hex').toUpperCase())
        expect(isIP(address ?? '')).toBeGreaterThan(0)
      },
    ),
  )
  expect(['127.0.0.1', '127.8.8.8', '::1', '0.0.0.0', '::', '10.0.0.1'].map(isLoopback)).toEqual([true, true, true, false, false, false])
})

test('garbage in place of the table is read without an error', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseListeningSockets(text, 'tcp')))
  expect(parseListeningSockets('x: zz:zz 0:0 0A 0 0 0 0 0 12\n', 'tcp')).toEqual([])
})

test('a UDP port that the system chose for a client is no server; what is not allowed and open to others is a finding', async () => {
  const folder = new HostFolder()
  folder.write('/proc/sys/net/ipv4/ip_local_port_range', '32768\t60999\n')
  const look = await lookAtPorts({ enabled: true, allowed: ['tcp/45004'] }, folder.context())
  const ports = [...(look.parts.get('ports')?.keys() ?? [])]
  expect(ports).toEqual(expect.arrayContaining(['port tcp 0.0.0.0:45002', 'port tcp [::1]:45003', 'port udp 127.0.0.1:5353']))
  expect(ports).not.toContain('port udp 127.0.0.1:45005')
  expect(look.findings).toContainEqual({ text: 'tcp 0.0.0.0:45002 is open, and is not allowed to be', level: 'warning' })
  expect(look.findings.map(({ text }) => text).join()).not.toMatch(/127\.0\.0\.1|::1|45004/)
})

test.runIf(process.platform === 'linux')('a real listener is found with the process that holds it', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  // A process of its own network namespace sees only that under its own number; this test's is the same as of `self`.
  const proc = readFileSync('/proc/self/net/tcp', 'latin1') === '' ? '' : '/proc'
  const found = parseListeningSockets(readFileSync(`${proc}/self/net/tcp`, 'latin1'), 'tcp').find((socket) => socket.port === port)
  const owners = await findSocketOwners(proc, new Set([found?.inode ?? '']), new AbortController().signal)
  expect(owners.get(found?.inode ?? '')?.pid).toBe(process.pid)
  expect(judgePorts([{ protocol: 'tcp', address: '::', port: 1, inode: found?.inode ?? '' }], owners, [])[0]?.text).toContain(
    `process ${process.pid}`,
  )
  await expect(readListeningSockets('/nowhere', 'tcp')).rejects.toMatchObject({ code: 'ENOENT' })
})

test('the rules of iptables are told by chain; counters make no difference, a rule does', async () => {
  const text = recorded('iptables-save')
  const facts = await iptablesFacts(text, 'iptables')
  expect(facts.get('firewall iptables filter FORWARD')?.text).toBe('policy DROP, 6 rules')
  expect(facts.get('firewall iptables nat DOCKER')?.text).toBe('1 rule')
  expect(await iptablesFacts(text.replaceAll('[0:0]', '[12:3456]'), 'iptables')).toEqual(facts)
  const changed = await iptablesFacts(text.replace('-A DOCKER -i docker0 -j RETURN', '-A DOCKER -i docker0 -j ACCEPT'), 'iptables')
  expect([...changed].filter(([name, fact]) => fact.digest !== facts.get(name)?.digest).map(([name]) => name)).toEqual([
    'firewall iptables nat DOCKER',
  ])
})

test('the rules of nft are told by chain and set; handles, counters and what passes through a set with a timeout make no difference', async () => {
  const text = recorded('nft.json')
  const facts = await nftFacts(text)
  expect([...(facts ?? [])].map(([name, fact]) => `${name}: ${fact.text}`)).toEqual([
    'firewall nft set inet filter banned: a set that changes by itself',
    'firewall nft set inet filter office: 1 elements',
    'firewall nft inet filter input: policy drop, 3 rules',
  ])
  const same = text
    .replaceAll(/"handle": \d+/g, '"handle": 99')
    .replace('"packets": 0', '"packets": 7')
    .replace('10.0.0.1', '10.0.0.2')
  expect(await nftFacts(same)).toEqual(facts)
  expect(await nftFacts(text.replace('10.1.1.1', '10.1.1.2'))).not.toEqual(facts)
  expect(await nftFacts(text.replace('"right": 22', '"right": 23'))).not.toEqual(facts)
  expect(await nftFacts(text.replace('"policy": "drop"', '"policy": "accept"'))).not.toEqual(facts)
  expect(JSON.stringify([...(facts ?? [])])).not.toContain('planted')
  for (const broken of ['', '[]', '{"nftables": 1}', '{']) expect(await nftFacts(broken)).toBeUndefined()
})

test('whatever is in place of a ruleset is read or refused', async () => {
  const inside = fc.asyncProperty(fc.json(), async (text) => {
    const facts = await nftFacts(`{"nftables": [${text}, {"chain": ${text}}, {"set": ${text}}, {"rule": ${text}}]}`)
    expect(facts).toBeInstanceOf(Map)
  })
  await fc.assert(inside)
  const anything = fc.asyncProperty(fc.string(), async (text) => {
    expect((await nftFacts(`{"nftables": [${text}`)) ?? new Map()).toBeInstanceOf(Map)
    expect(await iptablesFacts(text, 'ip6tables')).toBeInstanceOf(Map)
  })
  await fc.assert(anything)
})

test('objects at a depth are those that a whole parse finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), async (objects) => {
      const seen: unknown[] = []
      const text = JSON.stringify({ 'a"]}': objects })
      expect(await eachObject(text, 3, (object) => seen.push(object))).toBe(true)
      expect(JSON.stringify(seen)).toBe(JSON.stringify(objects))
      expect(await eachObject(text.slice(0, -1), 3, () => undefined)).toBe(false)
    }),
  )
})

test('a large ruleset is read without keeping others waiting', async () => {
  const rule = {
    rule: {
      family: 'inet',
      table: 'filter',
      chain: 'input',
      handle: 5,
      expr: [{ match: { op: '==', left: 'x', right: 22 } }, { accept: null }],
    },
  }
  const text = JSON.stringify({
    nftables: [{ chain: { family: 'inet', table: 'filter', name: 'input' } }, ...Array.from({ length: 20_000 }, () => rule)],
  })
  let facts: Facts | undefined
  const turns = await countTurns(async () => {
    facts = await nftFacts(text)
  })
  expect(facts?.get('firewall nft inet filter input')?.text).toBe('20000 rules')
  expect(turns).toBeGreaterThanOrEqual(Math.floor(text.length / 40_000))
})
