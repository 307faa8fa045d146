import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void

/** Names that are being looked up, with everybody who waits for the answer. */
const waiting = new Map<string, Answer[]>()

/**
 * The system's lookup, with one question in flight per name. A lookup cannot be called off: while DNS is dead, checks that give up and start
 * again would otherwise pile up questions without end in front of the few threads that ask them.
 */
export const sharedLookup: LookupFunction = (hostname, options, callback) => {
  const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0)
  const answer: Answer = (error, addresses) => {
    const first = addresses[0]
    if (error !== null || first === undefined) callback(error ?? noAddress(hostname), options.all === true ? [] : '', 0)
    else if (options.all === true) callback(null, addresses)
    else callback(null, first.address, first.family)
  }
  const key = `${family} ${hostname}`
  const others = waiting.get(key)
  if (others !== undefined) {
    others.push(answer)
    return
  }
  const all = [answer]
  waiting.set(key, all)
  systemLookup(hostname, { all: true, family }, (error, addresses) => {
    waiting.delete(key)
    for (const each of all) each(error, addresses ?? [])
  })
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' })
}
