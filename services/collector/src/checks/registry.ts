import type { CheckKind, CheckKindName } from './check.ts'

/** Every kind of check, loaded when the config has one of it. To add one: copy a file, add a line here and its section to config.ts. */
const kinds: { readonly [K in CheckKindName]: () => Promise<CheckKind<K>> } = {
  http: async () => (await import('./http.ts')).httpCheck,
  tcp: async () => (await import('./tcp.ts')).tcpCheck,
  process: async () => (await import('./process.ts')).processCheck,
  tls: async () => (await import('./tls.ts')).tlsCheck,
  pem: async () => (await import('./pem.ts')).pemCheck,
  dns: async () => (await import('./dns.ts')).dnsCheck,
  icmp: async () => (await import('./icmp.ts')).icmpCheck,
  systemd: async () => (await import('./systemd.ts')).systemdCheck,
  docker: async () => (await import('./docker.ts')).dockerCheck,
  command: async () => (await import('./command.ts')).commandCheck,
  file: async () => (await import('./file.ts')).fileCheck,
  websocket: async () => (await import('./websocket.ts')).websocketCheck,
  postgres: async () => (await import('./postgres.ts')).postgresCheck,
  mysql: async () => (await import('./mysql.ts')).mysqlCheck,
  redis: async () => (await import('./redis.ts')).redisCheck,
  nats: async () => (await import('./nats.ts')).natsCheck,
}

export async function loadCheckKind<K extends CheckKindName>(kind: K): Promise<CheckKind<K>> {
  return await kinds[kind]()
}
