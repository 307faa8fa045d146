import { promises } from 'node:dns'
import { isIP } from 'node:net'

export type DnsRecord = 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SOA' | 'SRV' | 'TXT'

/** What a server said; no answers when it says that there are none. */
export type DnsAnswer =
  | { readonly kind: 'answers'; readonly answers: readonly string[] }
  | { readonly kind: 'silent'; reason(within: string): string }

/** Says that there is nothing, as against saying nothing. */
const absences = new Set(['ENOTFOUND', 'ENODATA'])

const reasons: Record<string, (within: string) => string> = {
  ETIMEOUT: (within) => `did not answer within ${within}: it is down, or a firewall drops the packets`,
  ECANCELLED: (within) => `did not answer within ${within}: it is down, or a firewall drops the packets`,
  ECONNREFUSED: () => 'refused the question: nothing listens there',
  EREFUSED: () => 'refuses to answer: it does not serve this name, or not us',
  ESERVFAIL: () => 'says that it failed (SERVFAIL): its own servers do not answer, or DNSSEC is broken',
  EFORMERR: () => 'did not understand the question',
  EBADRESP: () => 'gave an answer that is none',
}

/** One question to one server, once. Rejects only when no resolver can be made. */
export async function askDns(
  question: { readonly name: string; readonly record: DnsRecord; readonly server: string | undefined },
  signal: AbortSignal,
  timeoutMs: number,
): Promise<DnsAnswer> {
  const resolver = new promises.Resolver({ timeout: timeoutMs, tries: 1 })
  if (question.server !== undefined) resolver.setServers([question.server])
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const answering = resolve(resolver, question.name, question.record)
    if (signal.aborted) cancel()
    return { kind: 'answers', answers: await answering }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (absences.has(code)) return { kind: 'answers', answers: [] }
    return { kind: 'silent', reason: reasons[code] ?? (() => `failed: ${code}`) }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Answers as texts, the way zone files write them. */
async function resolve(resolver: promises.Resolver, name: string, record: DnsRecord): Promise<string[]> {
  switch (record) {
    case 'A':
      return await resolver.resolve4(name)
    case 'AAAA':
      return await resolver.resolve6(name)
    case 'CNAME':
      return await resolver.resolveCname(name)
    case 'NS':
      return await resolver.resolveNs(name)
    case 'PTR':
      return isIP(name) === 0 ? await resolver.resolvePtr(name) : await resolver.reverse(name)
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`)
    case 'SRV':
      return (await resolver.resolveSrv(name)).map((each) => `${each.priority} ${each.weight} ${each.port} ${each.name}`)
    case 'SOA': {
      const { nsname, hostmaster, serial } = await resolver.resolveSoa(name)
      return [`${nsname} ${hostmaster} ${serial}`]
    }
    case 'CAA':
      return (await resolver.resolveCaa(name)).map(
        (each) => `${each.critical} ${each.issue === undefined ? (each.iodef ?? each.issuewild ?? '') : `issue ${each.issue}`}`,
      )
  }
}
