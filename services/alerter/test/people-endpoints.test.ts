import { expect, it } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import type { Ack } from '../src/ack/ack.ts'
import { peopleEndpoints } from '../src/people-endpoints.ts'
import { MemoryBus } from '../src/simulate/memory-bus.ts'
import { startPositions } from '../src/state/position.ts'
import type { AlertRecord } from '../src/state/stored.ts'

function recordOf(index: number): AlertRecord {
  const fingerprint = index.toString(16).padStart(16, '0')
  return {
    kind: 'alert',
    token: 1,
    series: { fingerprint, rule: 'r', watch: 'w', host: `host-${index}`, labels: {} },
    life: {
      phase: 'firing',
      epoch: `epoch-${index}`,
      epoch_ms: 0,
      announced: true,
      severity: 'info',
      levels: {},
      failures: 1,
      updates: 0,
      started_ms: index,
      changed_ms: 0,
      correlation_id: 'c',
      value: 1,
      detail: null,
    },
    applied: startPositions,
    last: null,
  }
}

it('an alert is taken on however many stand above it in the list', async () => {
  const bus = new MemoryBus(() => undefined)
  const records = Array.from({ length: 20_000 }, (_, index) => recordOf(index))
  const endpoints = peopleEndpoints({ bus, clock: systemClock, records: () => Promise.resolve(records) })
  const last = records.at(-1)?.series.fingerprint ?? ''
  const ack = endpoints.find(({ verb }) => verb === 'ack')
  await expect(ack?.handle({ alert: last, actor: 'kim' })).resolves.toMatchObject({ fingerprint: last, host: 'host-19999' })
  const stored = await (await bus.bucket<Ack>('acks')).get(last)
  expect(stored?.value).toMatchObject({ epoch: 'epoch-19999', actor: 'kim' })
  await expect(ack?.handle({ alert: '0000000000', actor: 'kim' })).rejects.toMatchObject({ code: 'ambiguous_alert' })
  await expect(ack?.handle({ alert: 'ffff', actor: 'kim' })).rejects.toMatchObject({ code: 'unknown_alert' })
})
