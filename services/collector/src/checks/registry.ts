import type { CheckKind, CheckKindName } from './check.ts'

/** Every kind of check, loaded when the config has one of it. To add one: copy a file, add a line here and its section to config.ts. */
const kinds: { readonly [K in CheckKindName]: () => Promise<CheckKind<K>> } = {
  http: async () => (await import('./http.ts')).httpCheck,
  tcp: async () => (await import('./tcp.ts')).tcpCheck,
  process: async () => (await import('./process.ts')).processCheck,
}

export async function loadCheckKind<K extends CheckKindName>(kind: K): Promise<CheckKind<K>> {
  return await kinds[kind]()
}
