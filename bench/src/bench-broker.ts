import { connectUrl } from '@nightshift/cli/operator/connect-operator'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'

export type Connection = Awaited<ReturnType<typeof connectUrl>>

/** A real broker with every stream and bucket, and a connection that may do anything. */
export interface BenchBroker {
  readonly server: NatsServer
  readonly admin: Connection
  stop(): Promise<void>
}

export async function startBroker(): Promise<BenchBroker> {
  const server = await startNats()
  try {
    const admin = await connectUrl(server.url)
    await bootstrap(admin, baseConfigSchema.parse({}).streams)
    return {
      server,
      admin,
      stop: async () => {
        await admin.close()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
