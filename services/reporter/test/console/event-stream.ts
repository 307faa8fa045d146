import type { LiveMessage } from '../../src/console/snapshot.ts'

export interface StreamedEvent {
  name: string
  message: LiveMessage
  /** Comment lines before it. */
  comments: string[]
  atMs: number
}

/** A reader of server-sent events, as a browser is one. Ends when the server ends the stream. */
export async function* readEvents(url: string, signal: AbortSignal): AsyncGenerator<StreamedEvent, undefined> {
  const response = await fetch(`${url}/api/v1/stream`, { signal })
  if (response.body === null || !response.ok) throw new Error(`HTTP ${response.status}`)
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        const field = (name: string): string => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
        yield {
          name: field('event'),
          message: JSON.parse(field('data')),
          comments: lines.filter((line) => line.startsWith(':')),
          atMs: performance.now(),
        }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return undefined
}

/** The next event; fails when the server has ended the stream. */
export async function nextEvent(events: AsyncGenerator<StreamedEvent, undefined>): Promise<StreamedEvent> {
  const { value } = await events.next()
  if (value === undefined) throw new Error('the server ended the stream')
  return value
}
