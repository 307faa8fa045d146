import { createCipheriv } from 'node:crypto'

/** Bytes that look random and are the same everywhere: AES-128-CTR over zeros, under a key of this byte. */
export function keystream(sizeBytes: number, keyByte = 0): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, keyByte), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes))
}
