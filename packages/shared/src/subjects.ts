import { decodeToken, encodeToken, fleetToken } from './host-token.ts'

export const serviceNames = ['collector', 'alerter', 'backup', 'healer', 'reporter'] as const
export type ServiceName = (typeof serviceNames)[number]

/** A plain host name, or null for what belongs to no host (`_fleet`). */
export type Host = string | null

/** What a subject says. `host` is the plain, decoded name. */
export type Address =
  | { kind: 'metric'; host: Host; group: string }
  | { kind: 'check'; host: Host; check: string }
  | { kind: 'agent'; host: Host; service: string }
  | { kind: 'health'; host: Host; check: string }
  | { kind: 'alert'; host: Host; rule: string; phase: string }
  | { kind: 'notify'; channel: string; outcome: string }
  | { kind: 'heal'; host: Host; playbook: string; phase: string }
  | { kind: 'backup'; host: Host; job: string; phase: string }
  | { kind: 'report'; period: string; phase: string }
  | { kind: 'change'; host: Host; what: string }
  | { kind: 'log'; host: Host; source: string; level: string }
  | { kind: 'progress'; host: Host; job: string }
  | { kind: 'audit'; service: string }
  | { kind: 'dead'; service: string }

export type Kind = Address['kind']

/** The tokens after `ops.<kind>`, in order. The whole grammar of the bus, but for `rpc`, stands in this table. */
export const grammar = {
  metric: ['host', 'group'],
  check: ['host', 'check'],
  agent: ['host', 'service'],
  health: ['host', 'check'],
  alert: ['host', 'rule', 'phase'],
  notify: ['channel', 'outcome'],
  heal: ['host', 'playbook', 'phase'],
  backup: ['host', 'job', 'phase'],
  report: ['period', 'phase'],
  change: ['host', 'what'],
  log: ['host', 'source', 'level'],
  progress: ['host', 'job'],
  audit: ['service'],
  dead: ['service'],
} as const satisfies Record<Kind, readonly string[]>

export const kinds = Object.keys(grammar) as Kind[]
const tokenPattern = /^[A-Za-z0-9_-]{1,128}$/
export const defaultNamespace = 'ops'

export function hostToken(host: Host): string {
  return host === null ? fleetToken : encodeToken(host)
}

/** The subject of an address, e.g. `{kind: 'metric', host: 'web-1', group: 'cpu'}` is `ops.metric.web-1.cpu`. */
export function buildSubject(address: Address, namespace: string = defaultNamespace): string {
  const parts = address as unknown as Record<string, string>
  const tokens = grammar[address.kind].map((token) => (token === 'host' && 'host' in address ? hostToken(address.host) : parts[token]))
  return [namespace, address.kind, ...tokens].join('.')
}

/** What a subject says, or undefined when it is none of ours. The inverse of buildSubject. */
export function parseSubject(subject: string, namespace: string = defaultNamespace): Address | undefined {
  const prefix = `${namespace}.`
  if (!subject.startsWith(prefix)) return undefined
  const [kind, ...tokens] = subject.slice(prefix.length).split('.')
  if (kind === undefined || !Object.hasOwn(grammar, kind)) return undefined
  const names = grammar[kind as Kind]
  if (tokens.length !== names.length) return undefined
  const address: Record<string, Host> = { kind }
  for (const [index, name] of names.entries()) {
    const token = tokens[index] as string
    if (name === 'host') {
      const host = token === fleetToken ? null : decodeToken(token)
      if (host === undefined) return undefined
      address['host'] = host
    } else if (tokenPattern.test(token)) {
      address[name] = token
    } else {
      return undefined
    }
  }
  return address as unknown as Address
}

/** A filter with `*` for each token that is not given, e.g. `filterSubject('health', {host: 'web-1'})` is `ops.health.web-1.*`. */
export function filterSubject(
  kind: Kind,
  known: { host?: Host } & Record<string, Host> = {},
  namespace: string = defaultNamespace,
): string {
  const tokens = grammar[kind].map((name) => {
    const value = known[name]
    if (value === undefined) return '*'
    return name === 'host' ? hostToken(value) : value
  })
  return [namespace, kind, ...tokens].join('.')
}

/** Request subject of a service verb. Services that live on a host (collector, backup, healer) always carry the host. */
export function rpcSubject(service: ServiceName, verb: string, host?: string, namespace: string = defaultNamespace): string {
  return [namespace, 'rpc', service, ...(host === undefined ? [] : [encodeToken(host)]), verb].join('.')
}

/** Whether instances of this service are bound to their host, and so answer under its name. */
export function isHostBound(service: ServiceName): boolean {
  return service === 'collector' || service === 'backup' || service === 'healer'
}
