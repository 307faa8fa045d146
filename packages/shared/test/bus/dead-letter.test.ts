import { deadEvent } from '@nightshift/shared/bus/dead-letter'
import { systemClock } from '@nightshift/shared/clock'
import { ContractError } from '@nightshift/shared/errors'
import { deadEventSchema } from '@nightshift/shared/events/dead'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const reader = { service: 'alerter', source: 'alerter@hub', stream: 'EVENTS' }
const message = {
  subject: 'ops.health.web-1.http',
  data: new TextEncoder().encode('{"correlation_id":"c-1"}'),
  seq: 7,
  receivedMs: 1_700_000_000_000,
  attempt: 2,
}

describe('a dead letter', () => {
  it('says what it was, where it came from and why', () => {
    const dead = deadEvent(message, new ContractError('schema', 'n is missing', { cause: new Error('not a number') }), reader, systemClock)
    expect(dead).toMatchObject({
      reason: 'schema',
      message: 'n is missing: not a number',
      subject: message.subject,
      stream: 'EVENTS',
      stream_seq: 7,
      attempts: 2,
      correlation_id: 'c-1',
      source: 'alerter@hub',
      host: null,
      payload_bytes: 24,
    })
    expect(Buffer.from(dead.payload, 'base64').toString()).toBe('{"correlation_id":"c-1"}')
  })

  it('has the same id each time the same reader refuses the same message for the same reason', () => {
    const id = (error: unknown, from = reader) => deadEvent(message, error, from, systemClock).id
    const error = new ContractError('schema', 'one')
    expect(id(error)).toBe(id(new ContractError('schema', 'two')))
    expect(id(error)).not.toBe(id(new ContractError('bad_json', 'one')))
    expect(id(error)).not.toBe(id(error, { ...reader, source: 'reporter@hub' }))
    expect(id(error)).not.toBe(id(error, { ...reader, stream: 'METRICS' }))
  })

  it('fits the contract whatever the message and the error are', () => {
    const error = fc.oneof(
      fc.string({ maxLength: 20_000 }).map((text) => new ContractError('schema', text)),
      fc.anything(),
    )
    fc.assert(
      fc.property(
        fc.string({ maxLength: 2000 }),
        fc.uint8Array({ maxLength: 20_000 }),
        error,
        fc.option(fc.nat(), { nil: undefined }),
        (subject, data, why, seq) => {
          const dead = deadEvent({ subject, data, ...(seq !== undefined && { seq }) }, why, { ...reader, stream: null }, systemClock)
          expect(deadEventSchema.safeParse(dead).error).toBeUndefined()
          expect(dead.payload_bytes).toBe(data.length)
        },
      ),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.json({ maxDepth: 2 }), (text) => {
        const dead = deadEvent({ subject: 's', data: new TextEncoder().encode(text) }, 'x', reader, systemClock)
        expect(deadEventSchema.safeParse(dead).error).toBeUndefined()
      }),
    )
  })
})
