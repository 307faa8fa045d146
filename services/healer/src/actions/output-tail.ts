import { maskSecrets } from './masking.ts'

/** The last part of what a command prints, however much that is. */
export class OutputTail {
  #chunks: Buffer[] = []
  #keptBytes = 0
  #totalBytes = 0
  readonly #limitBytes: number

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  add(chunk: Buffer): void {
    this.#totalBytes += chunk.byteLength
    this.#chunks.push(chunk.byteLength > this.#limitBytes ? chunk.subarray(chunk.byteLength - this.#limitBytes) : chunk)
    this.#keptBytes += this.#chunks.at(-1)?.byteLength ?? 0
    while (this.#keptBytes - (this.#chunks[0]?.byteLength ?? 0) >= this.#limitBytes)
      this.#keptBytes -= this.#chunks.shift()?.byteLength ?? 0
  }

  /** Masked, at most `limitBytes` characters. A line that was cut in two is left out whole: half a secret would not look like one. */
  text(): string {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#limitBytes)
    if (this.#totalBytes <= kept.byteLength) return maskSecrets(kept.toString('utf8')).slice(-this.#limitBytes)
    const lineBreak = kept.indexOf(0x0a)
    const cut = lineBreak >= 0 ? lineBreak : kept.indexOf(0x20)
    const whole = cut >= 0 ? kept.subarray(cut + 1) : kept.subarray(kept.byteLength)
    const note = `[${this.#totalBytes - whole.byteLength} bytes before this are cut]\n`
    return note + maskSecrets(withoutKeyRest(whole.toString('utf8'))).slice(-(this.#limitBytes - note.length))
  }
}

/** A private key whose head was cut off would not be seen as one. */
function withoutKeyRest(text: string): string {
  const end = /-----END [A-Z ]{0,40}PRIVATE KEY-----/.exec(text)
  if (end === null || text.slice(0, end.index).includes('-----BEGIN ')) return text
  return text.slice(end.index + end[0].length)
}
