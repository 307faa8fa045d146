/**
 * The one stream of server-sent events. Reconnects by itself; each time the server begins with a snapshot.
 * @typedef {{ phase: 'connecting' | 'live' | 'reconnecting' | 'full', lastMessageMs: number }} Connection
 */

const retryMs = 5000
/** The server says something at least each 15 s. */
const silenceMs = 40_000

/**
 * @param {string} url
 * @param {(message: import('../snapshot.ts').LiveMessage, isSnapshot: boolean) => void} onMessage
 * @param {(connection: Connection) => void} onChange
 */
export function keepConnected(url, onMessage, onChange) {
  /** @type {EventSource | undefined} */
  let source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let lastMessageMs = 0

  /** @param {Connection['phase']} phase */
  const enter = (phase) => onChange({ phase, lastMessageMs })

  /** @param {() => void} action @param {number} ms */
  const later = (action, ms) => {
    clearTimeout(timer)
    timer = setTimeout(action, ms)
  }

  const open = () => {
    source?.close()
    source = new EventSource(url)
    source.addEventListener('snapshot', (event) => take(event, true))
    source.addEventListener('delta', (event) => take(event, false))
    source.addEventListener('error', () => {
      enter('reconnecting')
      if (source?.readyState === EventSource.CLOSED) void explain()
    })
    later(reopen, silenceMs)
  }

  /** @param {MessageEvent<string>} event @param {boolean} isSnapshot */
  const take = (event, isSnapshot) => {
    lastMessageMs = Date.now()
    onMessage(JSON.parse(event.data), isSnapshot)
    enter('live')
    later(reopen, silenceMs)
  }

  const reopen = () => {
    enter('reconnecting')
    open()
  }

  /** The browser does not tell why the server refused, so ask. */
  const explain = async () => {
    later(open, retryMs)
    const answer = await fetch(url, { method: 'HEAD' }).catch(() => undefined)
    if (answer?.status === 503) enter('full')
  }

  open()
}
