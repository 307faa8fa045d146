const masked = '***'

/** What looks like a secret, and what to put in its place. Each pattern is linear in the length of the text. */
const secrets: readonly [pattern: RegExp, replacement: string][] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, `${masked} (private key)`],
  [/\b((?:proxy-)?authorization["']?\s{0,3}[:=]\s{0,3}["']?)[^\r\n"']{1,4096}/gi, `$1${masked}`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,4096}/gi, `$1 ${masked}`],
  [/([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,256}):[^\s/@]{1,512}@/gi, `$1:${masked}@`],
  [
    /((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w-]{0,32}["']?\s{0,3}[:=]\s{0,3})(?:"[^"\r\n]{0,4096}"|'[^'\r\n]{0,4096}'|[^\s"',;]{1,4096})/gi,
    `$1${masked}`,
  ],
  [/(--?(?:password|passwd|secret|token|api-?key))\s+[^\s-]\S{0,4096}/gi, `$1 ${masked}`],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, masked],
  [/\bxox[a-z]-[A-Za-z0-9-]{8,256}/g, masked],
  [/\bgh[a-z]_[A-Za-z0-9]{20,256}\b/g, masked],
  [/\bS[UAOCNX][A-Z2-7]{54,56}\b/g, masked],
  [/\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{0,1024}/g, masked],
]

/** Terminal control: escape sequences, then everything below a space but tab and newline. */
// oxfmt-ignore
const controls = new RegExp(String.raw`\u001b\[[0-9;?]{0,32}[ -/]?[@-~]|\u001b\][^\u0007\u001b]{0,1024}(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f]`, 'g')

/** Text of a command, fit to be shown and stored: no terminal control, and no value that looks like a secret. */
export function maskSecrets(text: string): string {
  let clean = text.replace(controls, '')
  for (const [pattern, replacement] of secrets) clean = clean.replace(pattern, replacement)
  return clean
}
