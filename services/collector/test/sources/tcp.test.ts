import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { conntrackFields, retransmitRatio, socketCounters, socketGauges, tcpSource } from '../../src/sources/tcp.ts'
import { fixture, fixturePath } from '../fixture.ts'
import { sourceContext } from '../source-context.ts'

test('the recorded host fills every field of the catalogue', async () => {
  const source = tcpSource.open({ proc: fixturePath('linux-6.18/proc'), sys: '/sys', root: '/' }, { enabled: true }, sourceContext())
  await source.read(null)
  const { fields } = await source.read(1)
  source.close()
  expect(Object.keys(fields ?? {}).toSorted()).toEqual(Object.keys(catalogue.tcp.fields).toSorted())
  const columns = (/^Tcp: (\d.*)$/m.exec(fixture('linux-6.18/proc/1/net/snmp'))?.[1] ?? '').split(' ').map(Number)
  expect(fields).toMatchObject({
    active_opens_total: columns[4],
    established: columns[8],
    retransmits_total: columns[11],
    retransmits_per_second: 0,
    retransmit_ratio: null,
  })
})

test('the hand-written files of kernel 4.18, without IPv6 and a firewall, give what they hold and leave out the rest', async () => {
  const source = tcpSource.open(
    { proc: fixturePath('hand-written/linux-4.18/proc'), sys: '/sys', root: '/' },
    { enabled: true },
    sourceContext(),
  )
  const { fields } = await source.read(null)
  source.close()
  expect(fields).toMatchObject({
    established: 5,
    inuse: 12,
    orphan: 1,
    time_wait: 3,
    allocated: 14,
    udp_inuse: 4,
    active_opens_total: 10,
    passive_opens_total: 20,
    failed_opens_total: 3,
    resets_total: 4,
    sent_resets_total: 11,
    received_segments_total: 600,
    sent_segments_total: 700,
    retransmits_total: 8,
    receive_errors_total: 9,
    listen_overflows_total: 21,
    listen_drops_total: 22,
    udp_errors_total: 12,
    udp_receive_buffer_errors_total: 13,
    udp_send_buffer_errors_total: 14,
    retransmits_per_second: null,
    retransmit_ratio: null,
  })
  for (const absent of ['inuse6', 'udp_inuse6', 'conntrack_entries']) expect(fields).not.toHaveProperty(absent)
})

test('memory is counted in pages of whatever size', () => {
  const texts = { snmp: '', netstat: '', sockstat: 'TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 3\n' }
  expect(socketGauges(texts, 65_536)['memory_bytes']).toBe(196_608)
})

test('errors of IPv6 datagrams count with those of IPv4', () => {
  const snmp6 = 'Udp6InErrors                    \t5\nUdp6RcvbufErrors                \t2\n'
  const snmp = 'Udp: InErrors RcvbufErrors\nUdp: 1 1\n'
  expect(socketCounters({ snmp, netstat: '', sockstat: '', snmp6 })).toMatchObject({ udp_errors: 6, udp_receive_buffer_errors: 3 })
})

test('segments sent again are a share of all that were sent, null when none was or the counters began again', () => {
  expect(retransmitRatio({ retransmits: 0, sent_segments: 0 }, { retransmits: 1, sent_segments: 9 })).toBe(0.1)
  expect(retransmitRatio({ retransmits: 1, sent_segments: 9 }, { retransmits: 1, sent_segments: 9 })).toBeNull()
  expect(retransmitRatio({ retransmits: 5, sent_segments: 9 }, { retransmits: 1, sent_segments: 10 })).toBeNull()
  expect(retransmitRatio(undefined, { retransmits: 1, sent_segments: 10 })).toBeNull()
})

test('connection tracking is absent where there is none, and null where it may not be read', () => {
  expect(conntrackFields('100\n', '400\n')).toEqual({ conntrack_entries: 100, conntrack_max: 400, conntrack_used_ratio: 0.25 })
  expect(conntrackFields(undefined, undefined)).toEqual({})
  expect(conntrackFields(null, '400\n')).toEqual({ conntrack_entries: null, conntrack_max: 400, conntrack_used_ratio: null })
})

test('any text gives numbers that are none below zero', () => {
  const table = fc
    .array(fc.tuple(fc.constantFrom('ActiveOpens', 'InErrors', 'RetransSegs'), fc.oneof(fc.integer().map(String), fc.string())))
    .map((pairs) => `Tcp: ${pairs.map(([name]) => name).join(' ')}\nTcp: ${pairs.map(([, value]) => value).join(' ')}\n`)
  fc.assert(
    fc.property(fc.oneof(fc.string(), table), fc.string(), (snmp, sockstat) => {
      const texts = { snmp, netstat: snmp, sockstat, snmp6: sockstat, sockstat6: sockstat }
      const values = [...Object.values(socketCounters(texts)), ...Object.values(socketGauges(texts, 4096))]
      expect(values.every((value) => value === undefined || value === null || value >= 0)).toBe(true)
    }),
  )
})
