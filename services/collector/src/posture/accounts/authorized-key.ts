import { createHash } from 'node:crypto'

export interface AuthorizedKey {
  /** `ssh-ed25519` */
  readonly type: string
  /** As `ssh-keygen -lf` prints it: SHA256:… */
  readonly fingerprint: string
  /** Names of the options in front of the key; their values may hold anything and are not kept. */
  readonly options: readonly string[]
}

/** As sshd has it. */
const maxLineLength = 16_384
const keyPart = /(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]{1,64})\s+([A-Za-z0-9+/]{16,16000}={0,2})(?=\s|$)/

/** A line of authorized_keys; undefined when it holds no key. */
export function parseAuthorizedKey(line: string): AuthorizedKey | undefined {
  if (line.length > maxLineLength || line.trimStart().startsWith('#')) return undefined
  const unquoted = withoutQuoted(line.trim())
  const match = keyPart.exec(unquoted)
  const [, type, blob] = match ?? []
  if (match === null || type === undefined || blob === undefined) return undefined
  const bytes = Buffer.from(blob, 'base64')
  // The key says its own kind in its first field; what does not is not a key, and could be anything.
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0
  if (bytes.toString('latin1', 4, 4 + length) !== type) return undefined
  const fingerprint = `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`
  const options = unquoted
    .slice(0, match.index)
    .split(',')
    .map((option) => /^[A-Za-z][A-Za-z-]{0,31}/.exec(option.trim())?.[0])
    .filter((option) => option !== undefined)
  return { type, fingerprint, options }
}

/** Options may quote a whole other key: what stands in quotes is taken out. In one pass, since anybody may write such a file. */
function withoutQuoted(line: string): string {
  let kept = ''
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? ''
    if (isQuoted && character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted) kept += character
  }
  return kept
}
