import type { z } from 'zod'
import type { Bus, Endpoint } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { ackBucket, ackRequestSchema, unackRequestSchema, type Ack } from './ack/ack.ts'
import { silenceBucket, silenceOf, silenceRequestSchema, type Silence } from './silence/silence.ts'
import type { AlertRecord } from './state/stored.ts'

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  /** Every alert, also those that do not fit into a list. */
  readonly records: () => Promise<readonly AlertRecord[]>
}

/**
 * What people may ask of the alerter. Requests reach any replica, also one that stands by, so each only writes down what is wanted; the
 * replica that works sees it at once and carries it out.
 */
export function peopleEndpoints({ bus, clock, records }: Parts): Endpoint[] {
  const write = async (ack: Ack): Promise<void> => {
    const bucket = await bus.bucket('acks', ackBucket)
    const known = await bucket.get(ack.fingerprint)
    await bucket.put(ack.fingerprint, ack, known?.revision ?? 0)
  }
  return [
    {
      verb: 'ack',
      description: 'Takes an alert on: {"alert": "<fingerprint>", "actor": "<who>", "comment": "..."}',
      handle: async (request) => {
        const { alert, actor, comment, for_seconds: forSeconds } = parse(ackRequestSchema, request)
        const { fingerprint, epoch, rule, host } = theOne(await records(), alert)
        const now = clock.now()
        const untilMs = forSeconds === undefined ? null : now + forSeconds * 1000
        await write({ fingerprint, epoch, actor, comment, time_ms: now, until_ms: untilMs })
        return { fingerprint, rule, host, actor }
      },
    },
    {
      verb: 'unack',
      description: 'Gives an alert back: {"alert": "<fingerprint>", "actor": "<who>"}',
      handle: async (request) => {
        const { alert, actor } = parse(unackRequestSchema, request)
        const { fingerprint, epoch, rule, host } = theOne(await records(), alert)
        const now = clock.now()
        // One whose time is up at once: it is still there for a replica that looks later.
        await write({ fingerprint, epoch, actor, comment: '', time_ms: now, until_ms: now })
        return { fingerprint, rule, host, actor }
      },
    },
    {
      verb: 'silence',
      description: 'Keeps quiet about alerts: {"matchers": [{"name", "op", "value"}], "duration_seconds", "creator", "comment"}',
      handle: async (request) => {
        const silence = silenceOf(parse(silenceRequestSchema, request), newId(clock.now()), clock.now())
        await (await bus.bucket('silences', silenceBucket)).put(silence.id, silence, 0)
        return silence
      },
    },
    {
      verb: 'unsilence',
      description: 'Ends a silence: {"id": "<id>"}',
      handle: async (request) => {
        const id = typeof request === 'object' && request !== null && 'id' in request && typeof request.id === 'string' ? request.id : ''
        const bucket = await bus.bucket('silences', silenceBucket)
        const known = id === '' ? undefined : await bucket.get(id)
        if (known === undefined)
          throw new ContractError('unknown_silence', 'there is no such silence; `nightshift silence list` shows them')
        const ended = { ...known.value, end_ms: Math.min(known.value.end_ms, clock.now()) }
        await bucket.put(id, ended, known.revision)
        return ended
      },
    },
    {
      verb: 'silences',
      description: 'Silences, also those that ended within the last day',
      handle: async () => {
        const found: Silence[] = []
        for await (const [, { value }] of (await bus.bucket('silences', silenceBucket)).entries()) found.push(value)
        return { silences: found.toSorted((a, b) => a.end_ms - b.end_ms) }
      },
    },
  ]
}

/** The alert that fires and begins like this. Throws ContractError when there is none, or more than one. */
function theOne(records: readonly AlertRecord[], alert: string): { fingerprint: string; epoch: string; rule: string; host: string | null } {
  const found = records.filter(({ series, life }) => life.phase === 'firing' && series.fingerprint.startsWith(alert))
  const [only] = found
  if (only === undefined)
    throw new ContractError('unknown_alert', `no alert that fires begins with ${alert}; \`nightshift alerts\` lists them`)
  if (found.length > 1) throw new ContractError('ambiguous_alert', `${found.length} alerts begin with ${alert}; give more of it`)
  const { fingerprint, rule, host } = only.series
  return { fingerprint, epoch: only.life.epoch, rule, host }
}

function parse<S extends z.ZodType>(schema: S, request: unknown): z.infer<S> {
  const parsed = schema.safeParse(request)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ContractError('bad_request', `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'is invalid'}`)
}
