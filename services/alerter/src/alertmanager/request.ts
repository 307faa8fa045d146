import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ContractError } from '@nightshift/shared/errors'

const maxBodyBytes = 1024 * 1024

/** The body as JSON. Throws ContractError. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // A page of another site cannot send this type without asking first, and nobody answers that.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new ContractError('bad_content_type', 'send it with Content-Type: application/json')
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes) throw new ContractError('too_large', `send at most ${maxBodyBytes} bytes at once`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw new ContractError('bad_json', 'the body is not JSON', { cause })
  }
}

/**
 * Whether a page asks that somebody has open in a browser. Programs name no origin; and a browser that was given our address under another
 * name, to get round that, is known by both.
 */
export function isFromPage({ headers }: IncomingMessage): boolean {
  if (headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none') return true
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return (headers['user-agent'] ?? '').startsWith('Mozilla') && name !== 'localhost' && isIP(name) === 0
}
