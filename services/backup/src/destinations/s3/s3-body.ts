import { Readable } from 'node:stream'

/** All bytes of an answer. A server that falls silent is given up; one that sends more than was asked for, at once. */
export async function readBody(body: unknown, options: { maxBytes: number; silenceMs: number; signal: AbortSignal }): Promise<Buffer> {
  if (!(body instanceof Readable)) throw new Error('the answer has no body')
  const { maxBytes, silenceMs, signal } = options
  const giveUp = (): void => void body.destroy(signal.aborted ? asError(signal.reason) : new Error(`nothing came for ${silenceMs} ms`))
  const timer = setTimeout(giveUp, silenceMs)
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      timer.refresh()
      length += chunk.length
      if (length > maxBytes) throw new Error(`the server sent more than the ${maxBytes} bytes that it was asked for`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    body.destroy()
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
