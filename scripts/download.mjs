// One file from the network, bounded in time and size, checked against its SHA-256. Run as a program, so that Node's proxy and
// certificate variables (read only when a Node starts) can be set for it:  node download.mjs URL FILE SHA256 [MAX_BYTES]
import { createHash } from 'node:crypto'
import fs from 'node:fs'

const firstByteMs = 5_000
const stallMs = 10_000
const totalMs = 180_000
const maxBytesDefault = 64 * 1024 * 1024

const [url = '', file = '', sha256 = '', maxBytes = String(maxBytesDefault)] = process.argv.slice(2)
try {
  await download(url, file, sha256, Number(maxBytes))
} catch (error) {
  const { message, cause } = /** @type {Error & { cause?: NodeJS.ErrnoException }} */ (error)
  console.error(cause?.code ?? cause?.message ?? message)
  fs.rmSync(file, { force: true })
  process.exit(1) // At once: a name server that does not answer would keep this process for many seconds more.
}

/**
 * @param {string} url
 * @param {string} file
 * @param {string} sha256
 * @param {number} maxBytes
 */
async function download(url, file, sha256, maxBytes) {
  const abort = new AbortController()
  const total = setTimeout(() => abort.abort(new Error(`not finished in ${totalMs / 1000} s`)), totalMs)
  /** @param {number} ms */
  const silence = (ms) => setTimeout(() => abort.abort(new Error(`no answer for ${ms / 1000} s`)), ms)
  let quiet = silence(firstByteMs)
  try {
    const response = await fetch(url, { signal: abort.signal })
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`)
    if (url.startsWith('https:') && !response.url.startsWith('https:')) throw new Error('sent on to a plain http address')
    const hash = createHash('sha256')
    const out = fs.openSync(file, 'wx')
    let bytes = 0
    for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (response.body))) {
      clearTimeout(quiet)
      quiet = silence(stallMs)
      bytes += chunk.length
      if (bytes > maxBytes) throw new Error(`larger than ${maxBytes} bytes`)
      hash.update(chunk)
      fs.writeSync(out, chunk)
    }
    fs.closeSync(out)
    const got = hash.digest('hex')
    if (got !== sha256) throw new Error(`SHA-256 is ${got}, not ${sha256}`)
  } finally {
    clearTimeout(quiet)
    clearTimeout(total)
    abort.abort()
  }
}
