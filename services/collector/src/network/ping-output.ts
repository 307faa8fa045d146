export interface PingAnswer {
  readonly sent: number
  readonly received: number
  readonly averageMs: number | undefined
  readonly maxMs: number | undefined
}

/** The last lines of ping, of Linux (iputils, busybox) or macOS; undefined when they are not there. */
export function parsePing(text: string): PingAnswer | undefined {
  const counts = /^(\d{1,9}) packets transmitted, (\d{1,9}) (?:packets )?received/m.exec(text)
  if (counts === null) return undefined
  const times = /= (\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)(?:\/\d+(?:\.\d+)?)? ms/.exec(text)
  return {
    sent: Number(counts[1]),
    received: Number(counts[2]),
    averageMs: times === null ? undefined : Number(times[2]),
    maxMs: times === null ? undefined : Number(times[3]),
  }
}
