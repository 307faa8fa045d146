import { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { expandPattern } from '../files/host-glob.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { whyUnread } from '../files/unread.ts'
import { newLook, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['certificates']

const maxBytes = 4 * 1024 * 1024
/** Certificates of one file that are read: bundles of authorities have some 150. */
const maxPerFile = 1000
/** Certificates that are read before other work gets its turn; one takes about 0.1 ms. */
const sliceSize = 20
const dayMs = 86_400_000
const block = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]{1,65536}-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** No listed certificate expires soon. A key in the same file is passed over. */
export async function lookAtCertificates(options: Options, { host, nowMs, signal }: LookContext): Promise<Look> {
  const look = newLook()
  let earliestMs = Number.POSITIVE_INFINITY
  for (const pattern of options.paths) {
    const { paths, unread } = await expandPattern(host, pattern, signal)
    look.unread.push(...unread)
    if (paths.length === 0 && unread.length === 0) look.unread.push(`nothing is there that matches ${pattern}`)
    for (const path of paths) {
      try {
        const blocks = (await readRegularFile(insideRoot(host, path), maxBytes)).bytes.toString('latin1').match(block) ?? []
        if (blocks.length === 0) look.unread.push(`${plainText(path)} holds no certificate in PEM form`)
        for (const [index, pem] of blocks.slice(0, maxPerFile).entries()) {
          if (index % sliceSize === 0) await setImmediate(undefined, { signal })
          const certificate = new X509Certificate(pem)
          const expiresMs = certificate.validToDate.getTime()
          look.lookedAt++
          earliestMs = Math.min(earliestMs, expiresMs)
          look.findings.push(...judgeExpiry(`${plainText(path)}${subjectOf(certificate)}`, expiresMs, nowMs, options))
        }
      } catch (error) {
        if (signal.aborted) throw error
        look.unread.push(whyUnread(path, error))
      }
    }
  }
  look.fields.certificate_expiry_seconds = Number.isFinite(earliestMs) ? Math.round((earliestMs - nowMs) / 1000) : null
  return look
}

export function judgeExpiry(name: string, expiresMs: number, nowMs: number, limits: Pick<Options, 'warn' | 'critical'>): Finding[] {
  const leftMs = expiresMs - nowMs
  if (leftMs >= limits.warn) return []
  const days = (Math.abs(leftMs) / dayMs).toFixed(1)
  const text = leftMs <= 0 ? `${name} expired ${days} days ago` : `${name} expires in ${days} days`
  return [{ text, level: leftMs < limits.critical ? 'critical' : 'warning' }]
}

function subjectOf({ subject }: X509Certificate): string {
  const name = /^CN=(.+)$/m.exec(subject ?? '')?.[1]
  return name === undefined ? '' : ` (${plainText(name, 128)})`
}
