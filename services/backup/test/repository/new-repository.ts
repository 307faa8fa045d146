import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { CreateOptions } from '../../src/repository/repository.ts'
import { Repository } from '../../src/repository/repository.ts'

/** Guessing this password would be cheap; so is testing with it. */
export const cheapKdf = { N: 1024, r: 8, p: 1 }

export function owner(password: string, change: Partial<CreateOptions> = {}): CreateOptions {
  return { password, host: 'test-host', username: 'tester', nowMs: 0, kdf: cheapKdf, ...change }
}

/** A repository in memory under the password `first`. */
export async function newRepository(): Promise<{ store: MemoryStore; repository: Repository }> {
  const store = new MemoryStore()
  return { store, repository: await Repository.create(store, owner('first')) }
}
