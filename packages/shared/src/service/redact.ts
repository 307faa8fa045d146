export const redacted = '[redacted]'
/** What is longer is cut before it is searched. */
const maxTextLength = 16_384

const secretKeys =
  /passw|pwd|passphrase|token|secret|(?:^|_)nkey|(?:^|_)seed|authoriz|cookie|credential|creds|api_?key|access_?key|private_?key/
/** Keys that look secret and are not: paths of files that hold a secret, fencing tokens, host tokens, counters. */
const plainKeys = /(?:_file|_path|_total|_count|_bytes|_seconds)$|^(?:fencing|lease|host)_?token$/

/** Whether a value under this key must never be shown. Written in any style: `apiKey`, `API-KEY`, `api_key`. */
export function isSecretKey(key: string): boolean {
  const snake = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
  return secretKeys.test(snake) && !plainKeys.test(snake)
}

/**
 * A JSON value without its secrets: what stands under a secret-looking key, at any depth, and credentials inside of text. Booleans and
 * null say nothing and stay.
 */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value)
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redactText(key),
      isSecretKey(key) && typeof item !== 'boolean' && item !== null ? redacted : redact(item),
    ]),
  )
}

/** Credentials as they appear in messages, stacks and addresses; each with what is kept of it. */
const inText: [pattern: RegExp, replacement: string][] = [
  // user:password@ of an address. The password may hold anything but a blank or a slash, an @ too: up to the last one.
  [/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#]{1,2048}@/gi, `$1${redacted}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/\bS[UAONCX][A-Z2-7]{40,}\b/g, redacted],
  [/([?&;](?:[\w-]{0,32}(?:token|secret|password|passwd|key|signature|sig))=)[^&;#\s"']+/gi, `$1${redacted}`],
  // JSON in a text too, and JSON in a text in JSON.
  [/((?:password|passwd|passphrase|secret|token)\\*["']?\s?[=:]\s?\\*)("[^"]*"|'[^']*'|[^\s"',;&]+)/gi, `$1${redacted}`],
]

/** Text without the credentials that stand in it. */
export function redactText(text: string): string {
  let result = text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`
  for (const [pattern, replacement] of inText) result = result.replaceAll(pattern, replacement)
  return result
}
