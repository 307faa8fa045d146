import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { describeStore } from './store-conformance.ts'

describeStore('a repository in memory', async () => ({ store: new MemoryStore(), remove: async () => {} }), { many: 1200 })
