import { startNats } from '@nightshift/test-servers/nats'
import { NatsStore } from '../../src/destinations/nats/nats-store.ts'
import { describeStore } from './store-conformance.ts'

describeStore(
  'a repository in an object store of NATS',
  async () => {
    const server = await startNats()
    return {
      store: new NatsStore({
        bucket: 'backup',
        maxBytes: 2 * 1024 ** 3,
        replicas: 1,
        connection: { servers: [server.url] },
        host: 'web-1',
      }),
      remove: async () => await server.stop(),
    }
  },
  { many: 1200 },
)
