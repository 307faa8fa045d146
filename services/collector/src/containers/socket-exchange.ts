import type { IncomingMessage } from 'node:http'
import { EffectError } from '@nightshift/shared/errors'
import { responseTo } from '../http/response-to.ts'

/** Not imported: an ES import of node:http touches every export, its WebSocket too, and that loads undici. */
const { request } = process.getBuiltinModule('node:http')

/** 512 containers with many labels are well below it. */
const maxBodyBytes = 8 * 1024 * 1024

/** The JSON that a server behind a Unix socket answers. Rejects when it does not answer in time, not with 200, or with too much. */
export async function getBySocket(socketPath: string, path: string, signal: AbortSignal): Promise<unknown> {
  const outgoing = request({ socketPath, path, agent: false, signal, headers: { host: 'localhost' } })
  const answer = responseTo(outgoing)
  outgoing.end()
  try {
    const incoming = await answer
    if (incoming.statusCode !== 200) throw new EffectError('container_runtime_refused', `${socketPath} answered ${incoming.statusCode}`)
    return JSON.parse(await readBody(incoming, socketPath)) as unknown
  } finally {
    outgoing.destroy()
  }
}

async function readBody(incoming: IncomingMessage, socketPath: string): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes) throw new EffectError('container_runtime_answer', `${socketPath} answers more than ${maxBodyBytes} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}
