import { open } from 'node:fs/promises'

export type Protocol = 'tcp' | 'udp'

export interface ListeningSocket {
  readonly protocol: Protocol
  /** `127.0.0.1`, `::` */
  readonly address: string
  readonly port: number
  readonly inode: string
}

/** States of the kernel: a TCP socket that waits for connections; a UDP socket that takes from anybody. */
const listening: Readonly<Record<Protocol, string>> = { tcp: '0A', udp: '07' }
const pieceBytes = 64 * 1024
/** Some 400,000 connections. */
const maxBytes = 64 * 1024 * 1024

/** Reads one of `net/tcp`, `net/tcp6`, `net/udp`, `net/udp6`, piece by piece: a busy server has a hundred thousand connections. */
export async function readListeningSockets(proc: string, file: `${Protocol}${'' | '6'}`): Promise<ListeningSocket[]> {
  await using opened = await open(`${proc}/1/net/${file}`, 'r')
  const protocol = file.startsWith('tcp') ? 'tcp' : 'udp'
  const sockets: ListeningSocket[] = []
  const buffer = Buffer.alloc(pieceBytes)
  let unfinished = ''
  for (let length = 0; length < maxBytes;) {
    const { bytesRead } = await opened.read(buffer, 0, pieceBytes, null)
    if (bytesRead === 0) break
    length += bytesRead
    const text = unfinished + buffer.toString('latin1', 0, bytesRead)
    const end = text.lastIndexOf('\n') + 1
    sockets.push(...parseListeningSockets(text.slice(0, end), protocol))
    unfinished = text.slice(end)
  }
  return sockets
}

export function parseListeningSockets(text: string, protocol: Protocol): ListeningSocket[] {
  const sockets: ListeningSocket[] = []
  for (const line of text.split('\n')) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state !== listening[protocol] || local === undefined || inode === undefined || !/^\d{1,20}$/.test(inode)) continue
    const [hexAddress = '', hexPort = ''] = local.split(':')
    const address = parseAddress(hexAddress)
    if (address !== undefined && /^[0-9A-F]{4}$/.test(hexPort))
      sockets.push({ protocol, address, port: Number.parseInt(hexPort, 16), inode })
  }
  return sockets
}

/** Addresses are printed as 32-bit words in the order of the machine, which is little-endian on all that we run on. */
export function parseAddress(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return undefined
  const bytes = Buffer.from(hex, 'hex').swap32()
  if (bytes.length === 4) return [...bytes].join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return [...bytes.subarray(12)].join('.')
  return shorten(groups)
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** The longest run of zeros becomes `::`, as RFC 5952 wants it. */
function shorten(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':')
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length)
  const longest = runs[0]
  if (longest === undefined) return text
  const before = text.slice(0, longest.index)
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '')
  return `${before}::${after}`
}
