import type { Bus, StreamName } from '@nightshift/shared/bus/bus'
import { streamId } from '@nightshift/shared/bus/streams'
import { BusError } from '@nightshift/shared/errors'
import { z } from 'zod'
import type { Extent } from './start-position.ts'

const timeoutMs = 5000

/** The part of `$JS.API.STREAM.INFO` that is needed here. */
const infoSchema = z.object({
  state: z.object({ first_seq: z.int().nonnegative(), last_seq: z.int().nonnegative(), first_ts: z.string() }),
})

/** What a stream holds, as the server says. Throws BusError, transient, when it does not. */
export async function readExtent(bus: Bus, stream: StreamName): Promise<Extent> {
  if (bus.connection === undefined) throw new BusError('bus_away', 'there is no connection to the bus just now', { transient: true })
  const reply = await bus.connection.request(`$JS.API.STREAM.INFO.${streamId(stream, bus.namespace)}`, undefined, { timeout: timeoutMs })
  const parsed = infoSchema.safeParse(reply.json())
  if (!parsed.success)
    throw new BusError('stream_info', `the server does not tell what ${stream} holds: ${reply.string().slice(0, 300)}`, { transient: true })
  const { state } = parsed.data
  return { firstSeq: state.first_seq, lastSeq: state.last_seq, firstMs: Date.parse(state.first_ts) }
}
