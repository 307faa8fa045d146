import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countersOf, jetStreamFields, natsCounters, serverFields, streamStates } from '../../src/databases/nats/figures.ts'
import type { Answer } from '../../src/databases/nats/monitor.ts'

const noRates = Object.fromEntries(natsCounters.map((name) => [name, null])) as Parameters<typeof serverFields>[1]

/** Hand-written after nats-server 2.9.10. */
const clustered = {
  account_details: [
    {
      name: 'APP',
      stream_detail: [
        {
          name: 'SMALL',
          state: { messages: 1, bytes: 10, last_seq: 5, consumer_count: 1 },
          cluster: { name: 'c', replicas: [{ name: 'b', current: true }] },
        },
        {
          name: 'LARGE',
          state: { messages: 9, bytes: 99, last_seq: 9, consumer_count: 0 },
          cluster: {
            name: 'c',
            leader: 'a',
            replicas: [
              { name: 'b', current: true },
              { name: 'd', current: true, offline: true },
            ],
          },
        },
        { name: 'ALONE', state: { bytes: 1 }, cluster: { leader: 'a' } },
      ],
    },
  ],
}

test('streams come largest first; only the leader tells of replicas, and one without a leader is seen', () => {
  const [large, small, alone] = streamStates(clustered, 'a').map(({ item }) => item)
  expect(large).toMatchObject({ account: 'APP', stream: 'LARGE', size_bytes: 99, replicas_lagging: 1, has_leader: 1 })
  expect(small).toMatchObject({ stream: 'SMALL', has_leader: 0 })
  expect(small).not.toHaveProperty('replicas_lagging')
  expect(alone).toMatchObject({ stream: 'ALONE', messages: null })
  expect(alone).not.toHaveProperty('has_leader')
})

test('any JSON gives fields that are numbers or null', () => {
  const keys = fc.constantFrom(
    'jetstream',
    'config',
    'api',
    'stats',
    'account_details',
    'stream_detail',
    'state',
    'cluster',
    'replicas',
    'name',
    'cpu',
    'now',
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue(),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(keys, tree), (answer: Answer) => {
      const fields = { ...serverFields(answer, noRates), ...jetStreamFields(answer, null), ...countersOf(answer) }
      expect(Object.values(fields).every((value) => value === null || Number.isFinite(value))).toBe(true)
      for (const { item } of streamStates(answer, 'a')) expect(typeof item['stream']).toBe('string')
    }),
  )
})
