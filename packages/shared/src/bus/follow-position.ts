/** How far a follower has come: the last sequence it handled, in which making of the stream (undefined when that was not stored). */
export interface Position {
  readonly seq: number | 'new'
  readonly incarnation: string | undefined
}

/** What a stream holds. */
export interface StreamExtent {
  /** When it was made; another value means another stream under the same name. */
  readonly incarnation: string
  readonly firstSeq: number
  readonly lastSeq: number
}

export interface Gap {
  readonly afterSeq: number
  readonly firstSeq: number
  readonly reason: 'expired' | 'recreated'
}

interface Resumption {
  /** Go on behind this one. */
  readonly seq: number
  readonly gap?: Gap
}

/** Where to go on reading, and what is missing. */
export function resume(position: Position, stream: StreamExtent): Resumption {
  const { seq } = position
  if (seq === 'new') return { seq: stream.lastSeq }
  if (seq === 0) return { seq: 0 }
  const firstSeq = Math.max(1, stream.firstSeq)
  const isOther = position.incarnation !== undefined && position.incarnation !== stream.incarnation
  const isSame = position.incarnation === stream.incarnation
  if (isOther || (seq > stream.lastSeq && !isSame)) return { seq: 0, gap: { afterSeq: seq, firstSeq, reason: 'recreated' } }
  // The server lost its tail, as after a power failure: it will give the lost numbers to other messages.
  if (seq > stream.lastSeq) return { seq: stream.lastSeq, gap: { afterSeq: seq, firstSeq: stream.lastSeq + 1, reason: 'recreated' } }
  if (seq + 1 < firstSeq) return { seq: firstSeq - 1, gap: { afterSeq: seq, firstSeq, reason: 'expired' } }
  return { seq }
}
