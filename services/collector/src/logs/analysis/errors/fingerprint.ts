/** 64 bits of two hashes in hexadecimal: the same for the same bytes on every host and in every version. */
export function fingerprint(bytes: Uint8Array, to: number): string {
  let first = 0x811c9dc5 | 0
  let second = 0x9e3779b9 | 0
  for (let at = 0; at < to; at++) {
    const byte = bytes[at] as number
    first = Math.imul(first ^ byte, 0x01000193)
    second = Math.imul(second ^ byte, 0x85ebca6b)
    second ^= second >>> 13
  }
  second = Math.imul(second ^ (second >>> 16), 0xc2b2ae35)
  return hex(first) + hex(second ^ (second >>> 16))
}

export function fingerprintText(text: string): string {
  const bytes = Buffer.from(text)
  return fingerprint(bytes, bytes.length)
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
