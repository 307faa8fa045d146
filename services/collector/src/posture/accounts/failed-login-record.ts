export interface FailedLogin {
  readonly epochMs: number
  /** Where it came from, as the login program says: an address or a name; empty for a console. */
  readonly source: string
}

/** Where the fields of a utmp(5) record are. With 64-bit times, as on arm64, it is longer. */
interface Layout {
  readonly sizeBytes: number
  secondsAt(record: Buffer): number
}

const layouts: readonly [Layout, Layout] = [
  { sizeBytes: 384, secondsAt: (record) => record.readInt32LE(340) },
  { sizeBytes: 400, secondsAt: (record) => Number(record.readBigInt64LE(344)) },
]
const sourceAt = 76
const sourceLength = 256
/** LOGIN_PROCESS and USER_PROCESS: what sshd and login write into btmp. */
const types = new Set([6, 7])
/** 2000 to 2100: what lies outside was not written by a login. */
const sane = { from: 946_684_800, to: 4_102_444_800 }

/** Size of one record on an architecture as Node names it. */
export function recordLayout(arch: string): Layout {
  return layouts[arch === 'arm64' ? 1 : 0]
}

/** Whole records of btmp, in order. The name that was tried is not read: it may be a password typed in the wrong place. */
export function parseFailedLogins(bytes: Buffer, layout: Layout): FailedLogin[] {
  const logins: FailedLogin[] = []
  for (let at = 0; at + layout.sizeBytes <= bytes.length; at += layout.sizeBytes) {
    const record = bytes.subarray(at, at + layout.sizeBytes)
    const seconds = layout.secondsAt(record)
    if (!types.has(record.readInt16LE(0)) || seconds < sane.from || seconds > sane.to) continue
    const field = record.subarray(sourceAt, sourceAt + sourceLength)
    const end = field.indexOf(0)
    logins.push({ epochMs: seconds * 1000, source: field.toString('latin1', 0, end === -1 ? sourceLength : end) })
  }
  return logins
}
