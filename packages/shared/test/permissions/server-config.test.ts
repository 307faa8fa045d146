import { readFileSync } from 'node:fs'
import { createUser } from '@nats-io/nkeys'
import { connect, nkeyAuthenticator } from '@nats-io/transport-node'
import { startNats } from '@nightshift/test-servers/nats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderAccounts } from '../../src/permissions/server-config.ts'
import { permissionsFor, type UserIdentity } from '../../src/permissions/subjects-for.ts'
import type { NatsUser } from '../../src/permissions/users.ts'

const nkeyUser = (service: UserIdentity['service'], host: string | null, publicKey: string): NatsUser => ({
  service,
  host,
  name: `${service}@${host}`,
  login: { kind: 'nkey', publicKey },
})
const operator = (password: string): NatsUser => ({
  service: 'operator',
  host: null,
  name: 'operator',
  login: { kind: 'password', password },
})
const passwordOf = (length: number) => fc.string({ unit: 'grapheme-ascii', minLength: length, maxLength: 40 })

describe('the accounts of a server configuration', () => {
  it('are as reviewed: two hosts, all services, the operator and the admin', () => {
    const users = [
      nkeyUser('admin', null, 'UADMIN'),
      nkeyUser('collector', 'web-1', 'UCOLLECTOR1'),
      nkeyUser('collector', 'db1.example.com', 'UCOLLECTOR2'),
      nkeyUser('healer', 'web-1', 'UHEALER'),
      nkeyUser('backup', 'web-1', 'UBACKUP'),
      nkeyUser('alerter', 'web-1', 'UALERTER'),
      nkeyUser('reporter', 'web-1', 'UREPORTER'),
      operator('a-password'),
    ]
    const golden = readFileSync(new URL('accounts.golden.conf', import.meta.url), 'utf8')
    expect(renderAccounts(users, 'ops')).toBe(golden)
  })

  it('let in whom they name, whatever the password, the host and the namespace look like', async () => {
    const [password = '', ...more] = fc.sample(passwordOf(8), 5)
    for (const tricky of [`a"b\\c$d#e{f}[g] h'i,j`, '$SYS', 'include "x"', password, ...more]) {
      const keys = createUser()
      const users = [
        nkeyUser('admin', null, createUser().getPublicKey()),
        nkeyUser('collector', 'weird host*>"\u00fc', keys.getPublicKey()),
        operator(tricky),
      ]
      const server = await startNats({ config: renderAccounts(users, 'lab-2') })
      try {
        const asOperator = await connect({ servers: server.url, user: 'operator', pass: tricky })
        const asCollector = await connect({ servers: server.url, authenticator: nkeyAuthenticator(keys.getSeed()) })
        expect([asOperator.isClosed(), asCollector.isClosed()]).toEqual([false, false])
        await Promise.all([asOperator.close(), asCollector.close()])
      } finally {
        await server.stop()
      }
    }
  })

  it('refuse what the configuration language has no safe form for', () => {
    expect(() => renderAccounts([operator('line\nbreak')], 'ops')).toThrow(expect.objectContaining({ code: 'unquotable' }))
    expect(() => renderAccounts([operator('ümlaut')], 'ops')).toThrow(expect.objectContaining({ code: 'unquotable' }))
  })
})

describe('the rights of a user', () => {
  const host = fc.oneof(fc.domain(), fc.string({ minLength: 1, maxLength: 30 }), fc.constantFrom('*', '>', 'a.b', '$SYS', '_fleet', 'a b'))

  it('never hold a wildcard where the host stands, whatever a host calls itself', () => {
    fc.assert(
      fc.property(host, fc.constantFrom('collector', 'healer'), (name, service) => {
        const { publish, subscribe } = permissionsFor({ service, host: name }, 'ops')
        for (const subject of [...publish, ...subscribe]) {
          const [first, kind, third] = subject.split('.')
          if (first !== 'ops' || kind === 'dead' || kind === 'audit') continue
          expect(kind === 'rpc' ? subject.split('.')[3] : third).toMatch(/^[a-z0-9_-]+$/)
        }
      }),
    )
  })

  it('of two hosts have nothing in common that says anything about a host', () => {
    fc.assert(
      fc.property(host, host, (a, b) => {
        fc.pre(a.toLowerCase() !== b.toLowerCase())
        const about = (name: string) =>
          new Set(permissionsFor({ service: 'collector', host: name }, 'ops').publish.filter((subject) => /^ops\.(?!dead\.)/.test(subject)))
        expect([...about(a).intersection(about(b))]).toEqual([])
      }),
    )
  })

  it('of nobody but the admin reach what changes streams', () => {
    const others: UserIdentity[] = (['collector', 'healer', 'alerter', 'reporter', 'operator'] as const).map((service) => ({
      service,
      host: service === 'operator' ? null : 'web-1',
    }))
    const dangerous =
      /^(>|\*|\$JS\.API\.(>|\*|STREAM\.(>|\*|CREATE|UPDATE|DELETE|PURGE|RESTORE|SNAPSHOT|MSG\.DELETE|PEER|LEADER))|\$JS\.>|\$SYS)/
    for (const other of others) {
      const { publish, subscribe } = permissionsFor(other, 'ops', others)
      expect(publish.filter((subject) => dangerous.test(subject))).toEqual([])
      expect(subscribe.filter((subject) => dangerous.test(subject))).toEqual([])
    }
    expect(permissionsFor({ service: 'admin', host: null }, 'ops')).toEqual({ publish: ['>'], subscribe: ['>'] })
  })
})
