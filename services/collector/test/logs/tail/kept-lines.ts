import type { LineOrigin } from '../../../src/logs/record.ts'
import type { SourceSink } from '../../../src/logs/sources/log-source.ts'

/** A sink that keeps every line, and can be full. */
export class KeptLines implements SourceSink {
  readonly lines: string[] = []
  readonly places: string[] = []
  readonly closed: LineOrigin[] = []
  readonly origins = new Set<LineOrigin>()
  full = false

  take(chunk: Buffer, _receivedMs: number, origin: LineOrigin, offset: number): void {
    let at = offset
    this.origins.add(origin)
    for (const line of chunk.toString('utf8').split('\n').slice(0, -1)) {
      this.lines.push(line)
      this.places.push(`${origin.key}@${at}`)
      at += Buffer.byteLength(line) + 1
    }
  }

  close(origin: LineOrigin): void {
    this.closed.push(origin)
  }

  isFull(): boolean {
    return this.full
  }
}
