import { ServiceErrorCodeHeader, Svcm, type Service, type ServiceMsg } from '@nats-io/services'
import { PermissionViolationError, type Msg, type NatsConnection } from '@nats-io/transport-node'
import { BusError, ConflictError, ContractError, describeError, isTransient, NightshiftError } from '../errors.ts'
import { hostToken, isHostBound, type ServiceName } from '../subjects.ts'
import type { BusDeps, BusOptions, Endpoint } from './bus.ts'
import type { Link } from './link.ts'
import { unlessBroken, type Live } from './live.ts'
import { refusal } from './refusal.ts'

/** Requests that one service works on at once; further ones are told to come back. */
const maxRequests = 64
const maxDescriptionLength = 256

interface Parts {
  link: Link
  deps: BusDeps
  options: BusOptions
  namespace: string
}

/** What was registered over one client. */
interface Offer {
  readonly service: Promise<Service>
  readonly added: Set<Endpoint>
}

/** Answers requests through the NATS services framework, so that `nats micro ls` shows the service. */
export class RpcServer {
  private readonly endpoints: Endpoint[] = []
  private readonly offers = new Map<NatsConnection, Offer>()
  private busy = 0
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
    parts.link.onState((state) => {
      if (state === 'connected') void this.register()
    })
  }

  serve(endpoints: readonly Endpoint[]): void {
    this.endpoints.push(...endpoints)
    void this.register()
  }

  /** Takes no further requests. */
  async stop(): Promise<void> {
    this.endpoints.length = 0
    const offers = [...this.offers.values()]
    this.offers.clear()
    await Promise.allSettled(offers.map(async ({ service }) => (await service).stop()))
  }

  /** The client keeps subscriptions through its own reconnects; only a new client needs them again. */
  private async register(): Promise<void> {
    const { link, deps } = this.parts
    const nc = link.live?.nc
    if (nc === undefined || this.endpoints.length === 0) return
    const offer = this.offers.get(nc) ?? { service: this.announce(nc), added: new Set() }
    this.offers.set(nc, offer)
    try {
      const service = await offer.service
      for (const endpoint of this.endpoints) {
        if (offer.added.has(endpoint)) continue
        offer.added.add(endpoint)
        this.add(service, endpoint)
      }
    } catch (error) {
      this.offers.delete(nc)
      deps.log.error({ error: describeError(error) }, 'cannot offer the endpoints of this service')
    }
  }

  private async announce(nc: NatsConnection): Promise<Service> {
    const { service: name, version, host, instance } = this.parts.options
    const service = await new Svcm(nc).add({ name, version, description: `Nightshift ${name}`, metadata: { host, instance } })
    void service.stopped.then((error) => {
      this.offers.delete(nc)
      const isDenied = error instanceof PermissionViolationError
      if (isDenied)
        this.parts.deps.log.error({ error: describeError(error) }, 'nobody can ask this service; check its permissions on $SRV and rpc')
    })
    return service
  }

  private add(service: Service, endpoint: Endpoint): void {
    const { service: name, host } = this.parts.options
    // Requests to one shared endpoint would land on a random instance.
    const place = isHostBound(name as ServiceName) ? [hostToken(host)] : []
    const subject = [this.parts.namespace, 'rpc', name, ...place, endpoint.verb].join('.')
    service.addEndpoint(endpoint.verb, {
      subject,
      metadata: { description: endpoint.description },
      handler: (error, message) => {
        if (error === null && isRequest(message, subject)) void this.answer(endpoint, message)
      },
    })
  }

  private async answer(endpoint: Endpoint, message: ServiceMsg): Promise<void> {
    const { log } = this.parts.deps
    this.busy++
    try {
      if (this.busy > maxRequests) throw new BusError('busy', 'too many requests at once; try again', { transient: true })
      respond(message, (await endpoint.handle(parse(message))) ?? null)
    } catch (error) {
      if (!(error instanceof NightshiftError)) log.error({ verb: endpoint.verb, error: describeError(error) }, 'a request failed')
      this.respondError(endpoint, message, error)
    } finally {
      this.busy--
    }
  }

  private respondError(endpoint: Endpoint, message: ServiceMsg, error: unknown): void {
    const isOurs = error instanceof NightshiftError
    const reply = {
      code: isOurs ? error.code : 'internal_error',
      message: isOurs ? error.message : 'the service failed; see its log',
      transient: isOurs && error.transient,
    }
    const description = reply.message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, maxDescriptionLength)
    try {
      message.respondError(httpStatus(error), description, JSON.stringify(reply))
    } catch (failure) {
      this.parts.deps.log.error({ verb: endpoint.verb, error: describeError(failure) }, 'a reply could not be sent')
    }
  }
}

/**
 * Whether somebody asks us. The server delivers more than that to whoever listens: the acknowledgement of a publish whose sender named our
 * subject as its reply, and what a push consumer points at us; neither says who is behind it (docs/security.md).
 */
export function isRequest(message: { subject: string; reply?: string }, subject: string): boolean {
  const { reply = '' } = message
  return message.subject === subject && reply !== '' && !reply.startsWith('$JS.')
}

/** Asks one endpoint. */
export async function request<T>(live: () => Live, subject: string, payload: unknown, timeoutMs: number): Promise<T> {
  let reply: Msg
  try {
    const at = live()
    reply = await unlessBroken(at, at.nc.request(subject, payload === undefined ? '' : JSON.stringify(payload), { timeout: timeoutMs }))
  } catch (error) {
    const refused = refusal(error)
    if (refused.code !== 'no_responder') throw refused
    throw new BusError('no_responder', `nobody answers on ${subject}; is the service running?`, { cause: error, transient: true })
  }
  const body = parse(reply)
  if ((reply.headers?.get(ServiceErrorCodeHeader) ?? '') === '') return body as T
  const { code, message, transient } = (body ?? {}) as { code?: unknown; message?: unknown; transient?: unknown }
  throw new BusError(typeof code === 'string' ? code : 'request_failed', typeof message === 'string' ? message : `${subject} failed`, {
    transient: transient === true,
  })
}

function respond(message: ServiceMsg, reply: unknown): void {
  const data = JSON.stringify(reply)
  try {
    message.respond(data)
  } catch (cause) {
    throw new BusError('reply_too_large', 'the reply is larger than the bus takes; ask for less', { cause })
  }
}

/** An empty payload is undefined. */
function parse(message: { data: Uint8Array }): unknown {
  if (message.data.length === 0) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.data))
  } catch (cause) {
    throw new ContractError('bad_json', 'the payload is not JSON', { cause })
  }
}

function httpStatus(error: unknown): number {
  if (error instanceof ContractError) return 400
  if (error instanceof ConflictError) return 409
  return error instanceof NightshiftError && isTransient(error) ? 503 : 500
}
