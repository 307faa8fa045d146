import { describe, expect, it } from 'vitest'
import { rootRouteSchema, routesSchema } from '../../src/route/route-config.ts'
import { compileRoutes } from '../../src/route/route-tree.ts'
import { channelsFor } from '../../src/route/channels-for.ts'
import { exampleEvent } from '../example-notification.ts'

const tree = compileRoutes(
  rootRouteSchema.parse({ group_wait: '5s' }),
  routesSchema.parse({
    audit: { match: { rule: 'login-*' }, channels: ['archive'], continue: true },
    db: { match: { host: ['db-*', '!db-test'] }, channels: ['dba'], group_wait: '10s' },
    'db-critical': { under: 'db', severity: ['critical'], channels: ['phone'] },
    web: { match: { host: 'web-*' } },
  }),
)
const ways = (change: Parameters<typeof exampleEvent>[0]): string[] => tree.routesFor(exampleEvent(change)).map(({ id }) => id)

describe('the routing tree', () => {
  it('takes the first route that matches, and of that the first that refines it', () => {
    expect(ways({ host: 'db-1' })).toEqual(['db'])
    expect(ways({ host: 'db-1', severity: 'critical' })).toEqual(['db-critical'])
    expect(ways({ host: 'db-test' })).toEqual(['root'])
  })

  it('also tries the next ones after a route that says continue', () => {
    expect(ways({ host: 'db-1', rule: 'login-burst' })).toEqual(['audit', 'db'])
  })

  it('hands down what a route does not say itself', () => {
    expect(tree.find('db-critical')).toMatchObject({ channels: ['phone'], groupWaitMs: 10_000, groupBy: ['host', 'rule'] })
    expect(tree.find('web')).toMatchObject({ channels: null, groupWaitMs: 5000 })
  })

  it('tells why an alert goes where it goes', () => {
    expect(tree.explain(exampleEvent({ host: 'db-1' }))).toEqual([
      'audit: does not match',
      'db: matches',
      'db-critical: does not match',
      'goes by db',
    ])
  })

  it.each([
    [{ a: { under: 'b' } }, 'there is no route b'],
    [{ a: { under: 'b' }, b: { under: 'a' } }, 'leads back to this route; a route cannot refine itself'],
  ])('refuses %j', (routes, message) => {
    const parsed = routesSchema.safeParse(routes)
    expect(parsed.error?.issues[0]?.message).toBe(message)
  })
})

describe('who hears of an alert', () => {
  const all = [
    { name: 'slack', kind: 'slack' },
    { name: 'mail', kind: 'email' },
    { name: 'sms', kind: 'sms' },
  ]
  it('of a critical one everybody, of the others those that do not wake anybody up', () => {
    expect(channelsFor(null, 'critical', all)).toEqual(['slack', 'mail', 'sms'])
    expect(channelsFor(null, 'warning', all)).toEqual(['slack'])
  })

  it('those that are named, as far as they are there', () => {
    expect(channelsFor(['sms', 'gone'], 'info', all)).toEqual(['sms'])
  })
})
