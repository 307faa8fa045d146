import type { LineOrigin } from '../record.ts'
import type { SourceSink } from './log-source.ts'

/** The streams of one container: each is an origin of its own, because their lines are mixed. */
type Streams = Map<string, { origin: LineOrigin; pieces: Buffer[]; sizeBytes: number; offset: number }>

/**
 * Joins the pieces into which a runtime cuts long lines. A line that grows over the bound is given on as it is then, and the rest of it is
 * dropped. After a restart in the middle of such a line its first pieces are missing.
 */
export class PartialLines {
  readonly #maxLineBytes: number
  readonly #streams = new WeakMap<LineOrigin, Streams>()
  /** Lines of which pieces were dropped. */
  cut = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /** One piece of a line, without its newline; `isWhole` when it is the last one. */
  add(file: LineOrigin, stream: string, labels: Readonly<Record<string, string>>, piece: Buffer, isWhole: boolean, place: Place): void {
    const streams = this.#streamsOf(file)
    const kept = streams.get(stream) ?? { origin: originOf(file, stream, labels), pieces: [], sizeBytes: 0, offset: place.offset }
    streams.set(stream, kept)
    if (kept.pieces.length === 0) kept.offset = place.offset
    const roomBytes = this.#maxLineBytes - kept.sizeBytes
    if (piece.length > roomBytes) this.cut++
    kept.pieces.push(Buffer.from(piece.subarray(0, Math.max(0, roomBytes))))
    kept.sizeBytes += Math.min(piece.length, roomBytes)
    if (!isWhole) return
    const line = Buffer.concat([...kept.pieces, newline])
    kept.pieces = []
    kept.sizeBytes = 0
    place.sink.take(line, place.receivedMs, kept.origin, kept.offset)
  }

  close(file: LineOrigin, sink: SourceSink): void {
    for (const { origin } of this.#streams.get(file)?.values() ?? []) sink.close(origin)
    this.#streams.delete(file)
  }

  #streamsOf(file: LineOrigin): Streams {
    const known = this.#streams.get(file)
    if (known !== undefined) return known
    const streams: Streams = new Map()
    this.#streams.set(file, streams)
    return streams
  }
}

export interface Place {
  readonly offset: number
  readonly receivedMs: number
  readonly sink: SourceSink
}

const newline = Buffer.of(10)

function originOf(file: LineOrigin, stream: string, labels: Readonly<Record<string, string>>): LineOrigin {
  return { key: `${file.key}:${stream}`, labels: { ...labels, stream } }
}
