import {
  buildSubject,
  filterSubject,
  grammar,
  hostToken,
  isHostBound,
  kinds,
  parseSubject,
  rpcSubject,
  serviceNames,
  type Address,
  type Kind,
} from '@nightshift/shared/subjects'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const host = fc.option(
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 64 })
    .filter((name) => name.isWellFormed())
    .map((name) => name.toLowerCase()),
  { nil: null },
)
const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/)
const namespace = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/)

const address: fc.Arbitrary<Address> = fc.constantFrom(...kinds).chain((kind: Kind) => {
  const tokens = Object.fromEntries(grammar[kind].map((name) => [name, name === 'host' ? host : token]))
  return fc.record(tokens).map((values) => ({ kind, ...values }) as unknown as Address)
})

/** `*` and literal tokens, as a broker matches them. */
function matches(filter: string, subject: string): boolean {
  const [wanted, actual] = [filter.split('.'), subject.split('.')]
  return wanted.length === actual.length && wanted.every((part, at) => part === '*' || part === actual[at])
}

describe('a subject', () => {
  it.each<[Address, string]>([
    [{ kind: 'metric', host: 'web-1', group: 'cpu' }, 'ops.metric.web-1.cpu'],
    [{ kind: 'check', host: 'db1.example.com', check: 'http' }, 'ops.check.db1_2eexample_2ecom.http'],
    [{ kind: 'agent', host: 'web-1', service: 'collector' }, 'ops.agent.web-1.collector'],
    [{ kind: 'health', host: null, check: 'dns' }, 'ops.health._fleet.dns'],
    [{ kind: 'alert', host: 'web-1', rule: 'disk-full', phase: 'firing' }, 'ops.alert.web-1.disk-full.firing'],
    [{ kind: 'notify', channel: 'slack', outcome: 'delivered' }, 'ops.notify.slack.delivered'],
    [{ kind: 'heal', host: 'web-1', playbook: 'restart', phase: 'acting' }, 'ops.heal.web-1.restart.acting'],
    [{ kind: 'backup', host: 'web-1', job: 'nightly', phase: 'completed' }, 'ops.backup.web-1.nightly.completed'],
    [{ kind: 'report', period: 'daily', phase: 'sent' }, 'ops.report.daily.sent'],
    [{ kind: 'change', host: 'web-1', what: 'deploy' }, 'ops.change.web-1.deploy'],
    [{ kind: 'log', host: 'web-1', source: 'sshd', level: 'error' }, 'ops.log.web-1.sshd.error'],
    [{ kind: 'progress', host: 'web-1', job: 'nightly' }, 'ops.progress.web-1.nightly'],
    [{ kind: 'audit', service: 'healer' }, 'ops.audit.healer'],
    [{ kind: 'dead', service: 'alerter' }, 'ops.dead.alerter'],
  ])('of %j is %s', (from, subject) => {
    expect(buildSubject(from)).toBe(subject)
    expect(parseSubject(subject)).toEqual(from)
  })

  it('says what it was built from, for any host name and namespace', () => {
    fc.assert(
      fc.property(address, namespace, (from, space) => {
        expect(parseSubject(buildSubject(from, space), space)).toEqual(from)
      }),
      { numRuns: 3000 },
    )
  })

  it('is built again from what was read of it, or is none of ours', () => {
    const part = fc.oneof(fc.constantFrom('ops', ...kinds, '_fleet', '*', '>', '', 'a_2eb', 'A'), token, fc.string({ maxLength: 6 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const subject = ['ops', ...parts].join('.')
        const read = parseSubject(subject)
        expect(read === undefined || buildSubject(read) === subject).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('is valid for a broker whatever the host is called', () => {
    fc.assert(
      fc.property(address, (from) => {
        const subject = buildSubject(from)
        expect(subject).toMatch(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/)
        expect(subject.split('.')).toHaveLength(2 + grammar[from.kind].length)
      }),
    )
  })

  it.each([
    'ops',
    'ops.',
    'ops.metric',
    'ops.metric.web-1',
    'ops.metric.web-1.cpu.extra',
    'ops.metric.Web-1.cpu',
    'ops.metric.web-1.',
    'ops.metric..cpu',
    'ops.metric.web-1.*',
    'ops.metric.web-1.c pu',
    'ops.metric._61.cpu',
    'ops.unknown.web-1.cpu',
    'ops.toString.x.y',
    'ops.rpc.alerter.list',
    'lab.metric.web-1.cpu',
    'opsmetric.web-1.cpu',
    `ops.metric.web-1.${'x'.repeat(129)}`,
  ])('%j is none of ours', (subject) => {
    expect(parseSubject(subject)).toBeUndefined()
  })
})

describe('a filter', () => {
  it('leaves open what is not given', () => {
    expect(filterSubject('health')).toBe('ops.health.*.*')
    expect(filterSubject('health', { host: 'web-1' })).toBe('ops.health.web-1.*')
    expect(filterSubject('alert', { host: null, phase: 'firing' })).toBe('ops.alert._fleet.*.firing')
    expect(filterSubject('audit', {}, 'lab')).toBe('lab.audit.*')
  })

  it('matches exactly the addresses that have what is given', () => {
    fc.assert(
      fc.property(address, address, fc.nat(7), (from, other, mask) => {
        const names = grammar[from.kind].filter((_, at) => mask & (1 << at))
        const fields = from as unknown as Record<string, string | null>
        const filter = filterSubject(from.kind, Object.fromEntries(names.map((name) => [name, fields[name] ?? null])))
        expect(matches(filter, buildSubject(from))).toBe(true)
        const otherFields = other as unknown as Record<string, string | null>
        const agrees = other.kind === from.kind && names.every((name) => otherFields[name] === fields[name])
        expect(matches(filter, buildSubject(other))).toBe(agrees)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a request subject', () => {
  it('has the host of services that live on one', () => {
    expect(rpcSubject('alerter', 'list')).toBe('ops.rpc.alerter.list')
    expect(rpcSubject('healer', 'hold', 'db1.example.com', 'lab')).toBe('lab.rpc.healer.db1_2eexample_2ecom.hold')
    expect(serviceNames.filter(isHostBound)).toEqual(['collector', 'backup', 'healer'])
    expect(hostToken(null)).toBe('_fleet')
  })
})
