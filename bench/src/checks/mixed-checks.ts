export interface TargetPorts {
  readonly http: number
  readonly tcp: number
  /** 0 when there is no certificate to serve TLS with. */
  readonly tls: number
  readonly dns: number
}

type Check = Record<string, unknown>

const everyText = '10s'

/** How many of each kind, one hundred together; those of TLS become HTTP where no TLS is served. */
export const mixture = { http: 35, tcp: 25, tls: 15, dns: 15, websocket: 4, file: 4, process: 2 } as const

/** One hundred checks as the configuration of a collector names them. `file` is one that exists. */
export function mixedChecks(ports: TargetPorts, file: string): Record<string, Check> {
  const address = '127.0.0.1'
  const http: Check = { kind: 'http', url: `http://${address}:${ports.http}/health`, json: { path: 'queue.length', max: 10 } }
  const kinds: Record<keyof typeof mixture, Check> = {
    http,
    tcp: { kind: 'tcp', host: address, port: ports.tcp },
    tls: ports.tls === 0 ? http : { kind: 'tls', host: address, port: ports.tls, insecure: true, min_remaining: '1h' },
    dns: { kind: 'dns', name: 'bench.test', server: `${address}:${ports.dns}`, expect: ['192.0.2.7'] },
    websocket: { kind: 'websocket', url: `ws://${address}:${ports.http}/live`, contains: 'up' },
    file: { kind: 'file', path: file, max_age: '1d', contains: 'up' },
    process: { kind: 'process', name: 'node' },
  }
  const names = Object.keys(mixture) as (keyof typeof mixture)[]
  return Object.fromEntries(
    names.flatMap((kind) =>
      Array.from({ length: mixture[kind] }, (_, index) => [`${kind}-${index + 1}`, { ...kinds[kind], every: everyText }] as const),
    ),
  )
}
