/** A frame of a WebSocket (RFC 6455), as clients send it: short, whole, masked. */
export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  readonly size: number
}

export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

/** The first frame of these bytes; undefined when it is not there as a whole. */
export function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes.readUInt8(1) & 0x7f
  const start = short === 126 ? 4 : 2
  if (bytes.length < start + 4) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  const mask = bytes.subarray(start, start + 4)
  const size = start + 4 + length
  if (bytes.length < size) return undefined
  const payload = Buffer.from(bytes.subarray(start + 4, size).map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, size }
}

/** A frame as servers send it. */
export function frameOf(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([head, payload])
}
