import { readFile } from 'node:fs/promises'
import type { CollectorConfig } from '../../config.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Facts, type Finding, type Look, type LookContext } from '../look.ts'
import { isLoopback, readListeningSockets, type ListeningSocket } from '../network/listening-sockets.ts'
import { findSocketOwners, type SocketOwner } from '../network/socket-owners.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['ports']

/** Where Linux begins to number sockets that asked for no port. */
const usualFirstEphemeral = 32_768

/** Who listens is who listened before, and only on ports that are allowed. */
export async function lookAtPorts(options: Options, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  const firstEphemeral = await firstEphemeralPort(host.proc)
  const sockets: ListeningSocket[] = []
  for (const file of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
    try {
      sockets.push(...(await readListeningSockets(host.proc, file)))
    } catch (error) {
      // A kernel without IPv6 has no such file.
      if (!(isMissing(error) && file.endsWith('6'))) look.unread.push(whyUnread(`${host.proc}/1/net/${file}`, error))
    }
  }
  // A client that speaks UDP looks like a server on a port that the system chose for it.
  const servers = sockets.filter(({ protocol, port }) => protocol === 'tcp' || port < firstEphemeral)
  const owners = await findSocketOwners(host.proc, new Set(servers.map(({ inode }) => inode)), signal)
  look.lookedAt = servers.length
  look.findings = judgePorts(servers, owners, options.allowed)
  look.parts.set('ports', look.unread.length > 0 ? null : portFacts(servers, owners))
  return look
}

export function judgePorts(
  servers: readonly ListeningSocket[],
  owners: ReadonlyMap<string, SocketOwner>,
  allowed: readonly string[] | undefined,
): Finding[] {
  if (allowed === undefined) return []
  const open = servers.filter(({ protocol, address, port }) => !isLoopback(address) && !allowed.includes(`${protocol}/${port}`))
  const texts = open.map((server) => `${portName(server)} is open${ownerText(owners.get(server.inode))}, and is not allowed to be`)
  return [...new Set(texts)].map((text) => ({ text, level: 'warning' }))
}

/** A process that is told once and not the other time is no difference; its number never is. */
function portFacts(servers: readonly ListeningSocket[], owners: ReadonlyMap<string, SocketOwner>): Facts {
  const facts: Facts = new Map()
  for (const server of servers.slice(0, maxFacts)) {
    const owner = owners.get(server.inode)
    const name = `port ${portName(server)}`
    const known = facts.get(name)?.text
    const text = owner === undefined ? null : `used by ${plainText(owner.name, 64)}`
    facts.set(name, { text: known !== undefined && known !== null && (text === null || known < text) ? known : text })
  }
  return facts
}

function portName({ protocol, address, port }: ListeningSocket): string {
  return `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`
}

function ownerText(owner: SocketOwner | undefined): string {
  return owner === undefined ? '' : ` (${plainText(owner.name, 64)}, process ${owner.pid})`
}

async function firstEphemeralPort(proc: string): Promise<number> {
  try {
    const first = Number.parseInt(await readFile(`${proc}/sys/net/ipv4/ip_local_port_range`, 'latin1'), 10)
    return Number.isInteger(first) ? first : usualFirstEphemeral
  } catch {
    return usualFirstEphemeral
  }
}
