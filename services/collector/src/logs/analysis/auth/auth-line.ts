/** Failed logins that one line tells of. */
export interface AuthFailure {
  readonly count: number
  /** Undefined when the line does not say where it came from, as for sudo. */
  readonly address: string | undefined
  readonly user: string | undefined
  /** Of sshd: the address and port, by which two lines about the same attempt are told. */
  readonly connection?: string
  /** The first of two lines about one attempt, when there are two. */
  readonly isAnnouncement?: boolean
}

/** Nothing below matches a text without one of these. */
const worthALook = /fail|invalid|incorrect|denied|mismatch|was not found|wrong|no pg_hba/i
const longestSeen = 1024

const rules: readonly { pattern: RegExp; read: (groups: readonly (string | undefined)[]) => AuthFailure | undefined }[] = [
  {
    // sshd. Its line of PAM about the same attempt is left out below.
    pattern:
      /^Failed (?:password|publickey|none|keyboard-interactive\S{0,32}|hostbased|gssapi\S{0,32}) for (invalid user )?(\S{0,256}) from (\S{1,64}) port (\d{1,5})/,
    read: ([, invalid, user, address, port]) => ({
      count: 1,
      address,
      user,
      ...(invalid === undefined ? {} : { connection: `${address}:${port}` }),
    }),
  },
  {
    pattern: /^Invalid user (\S{0,256}) ?from (\S{1,64})(?: port (\d{1,5}))?/,
    read: ([, user, address, port]) => ({ count: 1, address, user, connection: `${address}:${port}`, isAnnouncement: true }),
  },
  {
    pattern: /^message repeated (\d{1,6}) times: \[ Failed password for (?:invalid user )?(\S{0,256}) from (\S{1,64})/,
    read: ([, count, user, address]) => ({ count: Number(count), address, user }),
  },
  {
    pattern: /^(\S{1,128}) : (\d{1,6}) incorrect password attempts? ;/,
    read: ([, user, count]) => ({ count: Number(count), address: undefined, user }),
  },
  {
    // Of sshd and sudo the line of the program itself is counted.
    pattern: /\bpam_\w{1,32}\(([\w.-]{1,64}):auth\): authentication failure;.{0,400}? rhost=(\S{0,64})(?: {1,2}user=(\S{1,128}))?/,
    read: ([, service, address, user]) =>
      service === 'sshd' || service === 'sudo' ? undefined : { count: 1, address: address === '' ? undefined : address, user },
  },
  { pattern: /password authentication failed for user "([^"]{1,128})"/, read: ([, user]) => ({ count: 1, address: undefined, user }) },
  {
    pattern: /no pg_hba\.conf entry for host "([^"]{1,64})", user "([^"]{1,128})"/,
    read: ([, address, user]) => ({ count: 1, address, user }),
  },
  { pattern: /Access denied for user '([^']{0,128})'@'([^']{1,128})'/, read: ([, user, address]) => ({ count: 1, address, user }) },
  {
    pattern: /user "([^"]{0,128})"(?:: password mismatch| was not found in ".{1,256}"), client: ([0-9A-Fa-f.:]{2,45})/,
    read: ([, user, address]) => ({ count: 1, address, user }),
  },
  {
    pattern: /\[([0-9A-Fa-f.:]{2,45})\]: SASL \S{1,32} authentication failed/,
    read: ([, address]) => ({ count: 1, address, user: undefined }),
  },
  { pattern: /auth failed.{0,200}? rip=([0-9A-Fa-f.:]{2,45})/, read: ([, address]) => ({ count: 1, address, user: undefined }) },
  {
    // Applications: said in words, the address behind "from" or under a key, or in a field of its own.
    pattern:
      /\b(?:authentication|login|log-in|sign-?in|auth)(?: attempt)? (?:has )?fail(?:ed|ure)\b|\bfailed (?:login|log-in|sign-?in|authentication|auth)\b|\b(?:invalid|wrong|incorrect) (?:password|credentials?|username or password)\b/i,
    read: () => ({ count: 1, address: undefined, user: undefined }),
  },
]
const addressInText =
  /(?:\bfrom |\b(?:ip|client|addr|address|remote_addr|rhost|host)[=:] ?["']?)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{2,40}(?:\.\d{1,3}){0,3})/

/** The failed login that a message tells of, or undefined. */
export function findAuthFailure(message: string): AuthFailure | undefined {
  const text = message.slice(0, longestSeen)
  if (!worthALook.test(text)) return undefined
  for (const { pattern, read } of rules) {
    const match = pattern.exec(text)
    if (match === null) continue
    const failure = read(match)
    if (failure === undefined) return undefined
    return failure.address === undefined ? { ...failure, address: addressInText.exec(text)?.[1] } : failure
  }
  return undefined
}
