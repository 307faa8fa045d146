import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoTime } from '@nightshift/shared/clock'
import { Fleet, hostNames, start } from './fleet.ts'

/** A fleet that has been heard for a minute. */
function running(hosts: readonly string[], config: unknown = {}): Fleet {
  const fleet = new Fleet(config)
  for (const host of hosts) fleet.alive.add(host)
  return fleet.pass(60)
}

describe('a host', () => {
  it('is silent after 30 s without a word of its collector, and is said to be heard again', () => {
    const fleet = running(['web-1', 'web-2', 'web-3'])
    fleet.alive.delete('web-2')
    expect(fleet.pass(29).told).toEqual([])
    expect(fleet.pass(1).told).toEqual(['host-silent web-2 on'])
    fleet.pass(90)
    fleet.hear('web-2')
    expect(fleet.told).toEqual(['host-silent web-2 on', 'host-silent web-2 off'])
    expect(fleet.details).toEqual(['web-2 is silent: nothing of its collector for 30s', 'web-2 is heard again, after 2m'])
  })

  it('is silent although its healer is heard, and that is said', () => {
    const fleet = running(['web-1', 'web-2', 'web-3'])
    fleet.services.add('healer on web-1')
    fleet.pass(20)
    fleet.alive.delete('web-1')
    fleet.pass(40)
    expect(fleet.details).toEqual([
      'web-1 is silent: nothing of its collector for 30s; its healer is still heard, so look at the collector first',
    ])
  })

  it('that stopped in good order is missed only when it stays away for 10 minutes', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.alive.delete('web-1')
    fleet.beat('web-1', 'collector', { state: 'stopping' })
    expect(fleet.pass(599).told).toEqual([])
    expect(fleet.pass(1).told).toEqual(['host-silent web-1 on'])
    expect(fleet.details).toEqual(['the collector of web-1 was stopped 10m ago and has not come back'])
  })

  it('that was updated is back before anybody misses it, and is watched again', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.alive.delete('web-1')
    fleet.beat('web-1', 'collector', { state: 'stopping' })
    fleet.pass(120)
    fleet.hear('web-1')
    expect(fleet.pass(29).told).toEqual([])
    expect(fleet.pass(1).told).toEqual(['host-silent web-1 on'])
  })

  it('that was forgotten is missed no more, and what it said before is not heard', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.alive.delete('web-1')
    fleet.book.forget('web-1', fleet.at.wallMs)
    fleet.take(fleet.book.hear('web-1', isoTime(fleet.at.wallMs - 1), fleet.at))
    expect(fleet.pass(120).told).toEqual([])
    fleet.hear('web-1')
    expect(fleet.pass(31).told).toEqual(['host-silent web-1 on'])
  })

  it('that the configuration does not watch is not missed', () => {
    const fleet = running(['web-1', 'laptop-1'], { hosts: ['!laptop-*'] })
    fleet.alive.clear()
    expect(fleet.pass(60).told).toEqual(['host-silent web-1 on'])
  })
})

describe('many hosts at once', () => {
  it('are one alert, and none ends because of it', () => {
    const names = hostNames(50)
    const fleet = running(names)
    for (const name of names) fleet.alive.delete(name)
    expect(fleet.pass(600).told).toEqual(['mass-silence on'])
    expect(fleet.details[0]).toMatch(/^50 of 50 hosts are silent at once: web-01, web-02, web-03, web-04, web-05 and 45 more;/)
    for (const name of names) fleet.alive.add(name)
    expect(fleet.pass(120).told).toEqual(['mass-silence on', 'mass-silence off'])
  })

  it('are one alert although their last words lie up to a heartbeat apart', () => {
    const names = hostNames(20)
    const fleet = new Fleet()
    // Heartbeats alone, every 10 s, each at its own second.
    for (let second = 0; second < 100; second++) {
      for (const [index, name] of names.entries()) if (second % 10 === index % 10) fleet.beat(name, 'collector')
      fleet.pass(1)
    }
    expect(fleet.pass(120).told).toEqual(['mass-silence on'])
  })

  it('of which a few stay away are told of one by one when the others are back', () => {
    const names = hostNames(50)
    const fleet = running(names)
    for (const name of names) fleet.alive.delete(name)
    fleet.pass(60)
    for (const name of names.slice(2)) fleet.alive.add(name)
    fleet.pass(29)
    expect(fleet.told).toEqual(['mass-silence on', 'mass-silence off'])
    expect(fleet.details[1]).toMatch(/; not yet: web-01, web-02$/)
    expect(fleet.pass(31).told.slice(2)).toEqual(['host-silent web-01 on', 'host-silent web-02 on'])
  })

  it('that an earlier run found missing are one alert still, until they are heard', () => {
    const fleet = running(hostNames(10))
    fleet.alive.clear()
    fleet.book.restoreMass(start)
    fleet.pass(5)
    expect(fleet.details.every((detail) => detail.startsWith('10 of 10 hosts are silent'))).toBe(true)
    for (const name of hostNames(9)) fleet.alive.add(name)
    expect(fleet.pass(60).told).toEqual(['mass-silence on', 'mass-silence off', 'host-silent web-10 on'])
  })

  it.each([
    [4, 5, 'less than five'],
    [15, 50, 'no more than 30 %'],
  ])('are told of one by one when they are %i of %i: %s', (lost, of) => {
    const names = hostNames(of)
    const fleet = running(names)
    for (const name of names.slice(0, lost)) fleet.alive.delete(name)
    expect(fleet.pass(60).told).toEqual(names.slice(0, lost).map((name) => `host-silent ${name} on`))
  })

  it('does not count those that have been silent for long', () => {
    const names = hostNames(40)
    const fleet = running(names)
    for (const name of names.slice(0, 10)) {
      fleet.alive.delete(name)
      fleet.pass(30)
    }
    for (const name of names.slice(10, 15)) fleet.alive.delete(name)
    fleet.pass(60)
    expect(fleet.told).toHaveLength(15)
    expect(fleet.told.every((line) => line.startsWith('host-silent'))).toBe(true)
  })
})

describe('the alerter that cannot see', () => {
  it('misses nobody while the bus is away, and gives everybody the full time when it is back', () => {
    const fleet = running(['web-1', 'web-2', 'web-3'])
    fleet.isConnected = false
    fleet.pass(300)
    fleet.isConnected = true
    fleet.alive.delete('web-3')
    expect(fleet.pass(29).told).toEqual([])
    expect(fleet.pass(2).told).toEqual(['host-silent web-3 on'])
  })

  it('says so once when not even its own heartbeat comes, and says that of nobody else', () => {
    const fleet = running(hostNames(3))
    fleet.alive.clear()
    fleet.hearsItself = false
    fleet.pass(300)
    expect(fleet.told).toEqual(['alerter-blind on'])
    for (const name of hostNames(3)) fleet.alive.add(name)
    fleet.hearsItself = true
    fleet.pass(120)
    expect(fleet.told).toEqual(['alerter-blind on', 'alerter-blind off'])
  })

  it('says so once when it is far behind, and misses nobody on what it has not read', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.alive.clear()
    fleet.unread = 50_000
    fleet.pass(120)
    expect(fleet.told).toEqual(['alerter-blind on'])
    fleet.unread = 0
    fleet.alive.add('web-1').add('web-2')
    fleet.pass(60)
    expect(fleet.told).toEqual(['alerter-blind on', 'alerter-blind off'])
  })

  it('that slept itself does not take the sleep of its own for silence', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.seconds += 600
    expect(fleet.pass(60).told).toEqual([])
  })

  it('says afterwards that nobody watched', () => {
    const fleet = new Fleet()
    fleet.take(fleet.book.noteGap(start - 480_000, fleet.at))
    fleet.alive.add('web-1')
    fleet.pass(60)
    expect(fleet.told).toEqual(['alerter-blind on', 'alerter-blind off'])
    expect(fleet.details[0]).toMatch(/^nobody watched for 8m:/)
  })
})

describe('a service', () => {
  it('is silent after three missed heartbeats while its host is heard', () => {
    const fleet = running(['web-1'])
    fleet.services.add('healer on web-1')
    fleet.pass(60)
    fleet.services.clear()
    fleet.pass(60)
    expect(fleet.told).toEqual(['service-silent web-1 healer on'])
    fleet.beat('web-1', 'healer')
    expect(fleet.told.at(-1)).toBe('service-silent web-1 healer off')
  })

  it('that stopped in good order is not silent, and neither is one whose old run says good-bye late', () => {
    const fleet = running(['web-1'])
    fleet.beat('web-1', 'healer', { instance: 'old' })
    fleet.beat('web-1', 'healer', { instance: 'old', state: 'stopping' })
    expect(fleet.pass(300).told).toEqual([])
    fleet.beat('web-1', 'healer', { instance: 'new' })
    fleet.beat('web-1', 'healer', { instance: 'old', state: 'stopping' })
    expect(fleet.pass(31).told).toEqual(['service-silent web-1 healer on'])
  })

  it('of a host that is silent is not told of too', () => {
    const fleet = running(['web-1', 'web-2'])
    fleet.services.add('healer on web-1')
    fleet.pass(60)
    fleet.services.clear()
    fleet.alive.delete('web-1')
    expect(fleet.pass(300).told).toEqual(['host-silent web-1 on'])
  })
})

describe('a backup', () => {
  const due = (fleet: Fleet, seconds: number) => isoTime(fleet.at.wallMs + seconds * 1000)

  it('is late 5 minutes after it was due, though its service is dead, and on time when it is done', () => {
    const fleet = running(['db-1'])
    fleet.beat('db-1', 'backup', { next_due: { nightly: due(fleet, 60) } })
    fleet.beat('db-1', 'backup', { state: 'stopping', next_due: { nightly: due(fleet, 60) } })
    expect(fleet.pass(359).told).toEqual([])
    expect(fleet.pass(1).told).toEqual(['backup-late db-1 nightly on'])
    const done = { job: 'nightly', dueMs: fleet.at.wallMs + 86_400_000, time: isoTime(fleet.at.wallMs) }
    fleet.take(fleet.book.backup('db-1', done, fleet.at))
    expect(fleet.pass(60).told).toEqual(['backup-late db-1 nightly on', 'backup-late db-1 nightly off'])
  })

  it('that a heartbeat does not name any more is missed no more', () => {
    const fleet = running(['db-1'])
    fleet.beat('db-1', 'backup', { next_due: { nightly: due(fleet, -3600), weekly: due(fleet, 3600) } })
    fleet.pass(1)
    fleet.beat('db-1', 'backup', { next_due: { weekly: due(fleet, 3600) } })
    expect(fleet.told).toEqual(['backup-late db-1 nightly on', 'backup-late db-1 nightly off'])
    expect(fleet.details.at(-1)).toBe('there is no backup nightly of db-1 any more')
  })
})

describe('a machine that has just booted', () => {
  it('is spared for two minutes, but only once an hour, and not when nobody knew it before', () => {
    const fleet = running(['web-1', 'web-2'])
    const silentAfter = (seconds: number): boolean => {
      fleet.alive.add('web-1')
      fleet.pass(1)
      fleet.alive.delete('web-1')
      fleet.pass(seconds)
      return fleet.told.at(-1) === 'host-silent web-1 on'
    }
    fleet.book.noteUptime('web-2', 100_000, fleet.at)
    expect(fleet.book.find('web-2')?.bootedWallMs).toBeNull()
    fleet.book.noteUptime('web-1', 5000, fleet.at)
    expect(silentAfter(100)).toBe(false)
    expect(silentAfter(60)).toBe(true)
    fleet.alive.add('web-1')
    fleet.pass(1)
    fleet.book.noteUptime('web-1', 5000, fleet.at)
    expect(silentAfter(31)).toBe(true)
  })
})

describe('whatever is lost and comes back, in any order', () => {
  it('nobody who speaks is silent, whoever is silent long enough is told of, and what was told ends', () => {
    const names = hostNames(12)
    const step = fc.record({
      host: fc.nat(names.length - 1),
      isAlive: fc.boolean(),
      isConnected: fc.boolean(),
      seconds: fc.integer({ min: 1, max: 70 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const fleet = running(names)
        for (const { host, isAlive, isConnected, seconds } of steps) {
          if (isAlive) fleet.alive.add(names[host] ?? '')
          else fleet.alive.delete(names[host] ?? '')
          fleet.isConnected = isConnected
          fleet.pass(seconds)
        }
        fleet.isConnected = true
        fleet.pass(200)
        const isMass = fleet.told.findLast((line) => line.startsWith('mass-silence')) === 'mass-silence on'
        for (const name of names) {
          const isSilent = fleet.told.findLast((line) => line.includes(` ${name} `)) === `host-silent ${name} on`
          expect([name, fleet.alive.has(name) ? !isSilent : isSilent || isMass]).toEqual([name, true])
        }
        const ons = new Map<string, number>()
        for (const line of fleet.told) {
          const [key, delta] = line.endsWith(' on') ? [line.slice(0, -3), 1] : [line.slice(0, -4), -1]
          const count = (ons.get(key) ?? 0) + delta
          expect(count).toBeGreaterThanOrEqual(0)
          expect(count).toBeLessThanOrEqual(1)
          ons.set(key, count)
        }
      }),
      { numRuns: 100 },
    )
  })
})
