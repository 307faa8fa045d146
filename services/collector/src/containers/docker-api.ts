import { ContractError } from '@nightshift/shared/errors'
import { responseTo } from '../network/response-to.ts'

/** See checks/exchange/http-exchange.ts. */
const { request } = process.getBuiltinModule('node:http')

/** A container with many mounts and labels has some 20 KiB, a list of a thousand some 2 MiB. */
const maxAnswerBytes = 8 * 1024 * 1024

export interface DockerAnswer {
  readonly status: number
  readonly body: unknown
}

/** One GET of Docker's API over its socket. Rejects with the error of the socket, or when the signal is aborted. */
export async function askDocker(socketPath: string, path: string, signal: AbortSignal): Promise<DockerAnswer> {
  const outgoing = request({ socketPath, path, agent: false, signal, headers: { host: 'docker' } })
  const answer = responseTo(outgoing)
  outgoing.end()
  try {
    const incoming = await answer
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > maxAnswerBytes) throw new ContractError('docker_answer', `it answers with more than ${maxAnswerBytes} bytes`)
      chunks.push(chunk)
    }
    return { status: incoming.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }
  } finally {
    outgoing.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ContractError('docker_answer', 'what answers there does not speak JSON', { cause: error })
  }
}
