import { ContractError } from './errors.ts'

/**
 * A host name as one subject token: lower-cased, `[a-z0-9-]` kept, every other byte of its UTF-8 form written `_hh`. Reversible, and
 * valid in subjects, KV keys and durable names. `db1.example.com` is `db1_2eexample_2ecom`.
 */
export function encodeToken(name: string): string {
  if (name === '') throw new ContractError('empty_token', 'a host name must not be empty')
  let token = ''
  for (const byte of new TextEncoder().encode(name.toLowerCase())) {
    const isPlain = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d
    token += isPlain ? String.fromCharCode(byte) : `_${byte.toString(16).padStart(2, '0')}`
  }
  return token
}

const tokenPattern = /^(?:[a-z0-9-]|_[0-9a-f]{2})+$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The host name of a token, or undefined when no name encodes to it. */
export function decodeToken(token: string): string | undefined {
  if (!tokenPattern.test(token)) return undefined
  const bytes: number[] = []
  for (let i = 0; i < token.length; i++) {
    if (token[i] === '_') {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16))
      i += 2
    } else {
      bytes.push(token.charCodeAt(i))
    }
  }
  try {
    const name = strictUtf8.decode(Uint8Array.from(bytes))
    return encodeToken(name) === token ? name : undefined
  } catch {
    return undefined
  }
}

/** Names in the configuration (rules, jobs, checks, playbooks, sources): they stand in subjects as they are. */
export const configNamePattern = /^[a-z0-9-]{1,63}$/

/** What belongs to no host. Not a valid encoded name, so no host can claim it. */
export const fleetToken = '_fleet'
