import { describe, expect, it } from 'vitest'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { contactsSchema, laddersSchema } from '../../src/escalate/escalation-config.ts'
import { ladderOf } from '../../src/escalate/ladder.ts'
import { GroupBook, type Saying } from '../../src/group/group-book.ts'
import type { Mute } from '../../src/mute/mute.ts'
import { rootRouteSchema, routesSchema } from '../../src/route/route-config.ts'
import { compileRoutes } from '../../src/route/route-tree.ts'
import { exampleEvent } from '../example-notification.ts'

const second = 1000
const hour = 3_600_000
let events = 0

/** Groups of a configuration, on a clock that the test turns; `said` is what people hear. */
function open(config: { route?: object; routes?: object; escalation?: object; contacts?: object } = {}) {
  const ladders = laddersSchema.parse(config.escalation ?? {})
  const contacts = contactsSchema.parse(config.contacts ?? {})
  let nowMs = 1_000_000
  let mute: Mute | undefined
  /** Only this alert; undefined: all. */
  let muted: string | undefined
  const said: string[] = []
  const book = new GroupBook({
    routes: compileRoutes(rootRouteSchema.parse(config.route ?? {}), routesSchema.parse(config.routes ?? {})),
    channels: [
      { name: 'slack', kind: 'slack' },
      { name: 'mail', kind: 'email' },
    ],
    muters: [{ muteOf: ({ fingerprint }) => (muted === undefined || muted === fingerprint ? mute : undefined) }],
    ladderOf: (name) => (name === 'default' ? ladderOf('default', ladders, contacts) : null),
    figuresOf: () => null,
    channelsOf: () => null,
  })
  const note = (sayings: readonly (Saying | undefined)[]): void => {
    for (const { channel, message } of sayings.flatMap((saying) => saying?.notifications ?? []))
      said.push(
        `${channel} ${message.occasion} ${message.firing}/${message.resolved} ${message.worst}${message.contacts.map(({ role }) => `, ${role}`).join('')}`,
      )
  }
  return {
    said,
    book,
    take: (change: Partial<AlertEvent>) => note(book.take(exampleEvent({ id: `event-${events++}`, ...change }), nowMs)),
    /** Lets time pass; wakes when something is due, as the desk does. */
    pass: (ms: number) => {
      const endMs = nowMs + ms
      for (let next = book.nextMs; next !== undefined && next <= endMs; next = book.nextMs) {
        nowMs = Math.max(nowMs, next)
        note(book.takeDue(nowMs))
      }
      nowMs = endMs
    },
    setMute: (next: Mute | undefined, fingerprint?: string) => {
      mute = next
      muted = fingerprint
      book.reconsider()
      note(book.takeDue(nowMs))
    },
    /** The clock is set; the desk looks within a minute. */
    setClock: (ms: number) => {
      nowMs = ms
      note(book.takeDue(nowMs))
    },
    now: () => nowMs,
    note,
  }
}

describe('the groups', () => {
  it('are all reconsidered, a part at a time, also when that is asked for again and again', () => {
    const { take, said, setMute, book, now } = open({ route: { group_by: ['alert'] } })
    setMute({ kind: 'silenced', by: 's', untilMs: null })
    for (let index = 0; index < 2000; index++) take({ fingerprint: `f${index}` })
    expect(said).toEqual([])
    setMute(undefined)
    const untold = () => [...book.all()].filter(({ incident }) => incident === null).length
    let rounds = 1
    for (; untold() > 0 && rounds < 50; rounds++) {
      book.reconsider()
      expect(book.takeDue(now()).length).toBeLessThan(1000)
    }
    expect(untold()).toBe(0)
    expect(rounds).toBeGreaterThan(2)
  })

  it('tell the first alert at once, those that join within the interval together, and the end at once', () => {
    const { take, pass, said, book } = open()
    take({ fingerprint: 'a' })
    pass(second)
    take({ fingerprint: 'b' })
    take({ fingerprint: 'c' })
    pass(second)
    expect(said).toEqual(['slack new 1/0 warning'])
    pass(9 * second)
    expect(said.slice(1)).toEqual(['slack changed 3/0 warning'])
    for (const fingerprint of ['a', 'b', 'c']) take({ fingerprint, phase: 'resolved', reason: 'recovered' })
    expect(said.slice(2)).toEqual(['slack resolved 0/3 warning'])
    expect(book.size).toBe(0)
  })

  it('wait for company when they are told to, but not with what is critical', () => {
    const { take, pass, said } = open({ route: { group_wait: '30s' } })
    take({ fingerprint: 'a' })
    pass(29 * second)
    expect(said).toEqual([])
    take({ fingerprint: 'b', severity: 'critical' })
    expect(said).toEqual(['slack new 2/0 critical', 'mail new 2/0 critical'])
  })

  it('tell what fires and ends before anybody heard of it once, as ended', () => {
    const { take, pass, said } = open({ route: { group_wait: '30s' } })
    take({ fingerprint: 'a' })
    pass(second)
    take({ fingerprint: 'a', phase: 'resolved', reason: 'recovered' })
    pass(hour)
    expect(said).toEqual(['slack resolved 0/1 warning'])
  })

  it('send the end also to those who heard only of the worse half', () => {
    const { take, pass, said } = open()
    take({ fingerprint: 'a', severity: 'critical' })
    pass(11 * second)
    take({ fingerprint: 'a', phase: 'updated', severity: 'warning' })
    take({ fingerprint: 'a', phase: 'resolved', severity: 'warning', reason: 'recovered' })
    expect(said).toEqual([
      'slack new 1/0 critical',
      'mail new 1/0 critical',
      'slack changed 1/0 warning',
      'mail changed 1/0 warning',
      'slack resolved 0/1 critical',
      'mail resolved 0/1 critical',
    ])
  })

  it.each([
    ['whose end is known, at that end', 5],
    ['whose end nobody knew', null],
  ])('go on with repeating after a mute %s', (_, hours) => {
    const { take, pass, said, setMute, now } = open({ route: { repeat_interval: '1h' } })
    take({})
    pass(600 * second)
    const endMs = now() + 5 * hour
    // As a silence is, or a window: it mutes until then, by the clock.
    const mute = { kind: 'silenced', by: 's', untilMs: hours === null ? null : endMs } as const
    setMute(mute)
    pass(5 * hour - second)
    expect(said).toEqual(['slack new 1/0 warning'])
    if (hours === null) pass(second)
    setMute(undefined)
    pass(second)
    expect(said.slice(1)).toEqual(['slack repeated 1/0 warning'])
    pass(hour)
    expect(said.slice(2)).toEqual(['slack repeated 1/0 warning'])
  })

  it('call again at once when whoever took it on gives it back late', () => {
    const { take, pass, said, book, now, note } = open({ route: { repeat_interval: '1h' } })
    take({})
    const [group] = book.all()
    note([book.acknowledge(group?.id ?? '', exampleEvent().fingerprint, { actor: 'kim', time_ms: now(), until_ms: null }, now())])
    pass(3 * hour)
    note([book.release(group?.id ?? '', now())])
    expect(said).toEqual(['slack new 1/0 warning', 'slack acked 1/0 warning', 'slack repeated 1/0 warning'])
    expect(book.release(group?.id ?? '', now())).toBeUndefined()
  })

  it('repeat what still fires exactly every repeat_interval, until somebody takes it on', () => {
    const { take, pass, said, book, now, note } = open({ route: { repeat_interval: '1h', group_interval: '20m' } })
    take({ fingerprint: 'a' })
    pass(3 * hour)
    expect(said).toEqual(['slack new 1/0 warning', ...Array.from({ length: 3 }, () => 'slack repeated 1/0 warning')])
    const [group] = [...book.all()]
    note([book.acknowledge(group?.id ?? '', 'a', { actor: 'kim', time_ms: now(), until_ms: null }, now())])
    pass(24 * hour)
    expect(said.slice(4)).toEqual(['slack acked 1/0 warning'])
  })

  it('keep quiet while muted, tell what still fires when that ends, and never the end of what nobody heard of', () => {
    const { take, pass, said, setMute, book } = open()
    setMute({ kind: 'silenced', by: 's1', untilMs: null })
    take({ fingerprint: 'a' })
    take({ fingerprint: 'b', host: 'web-2' })
    take({ fingerprint: 'b', host: 'web-2', phase: 'resolved', reason: 'recovered' })
    pass(hour)
    expect(said).toEqual([])
    setMute(undefined)
    pass(second)
    expect(said).toEqual(['slack new 1/0 warning'])
    expect(book.size).toBe(1)
  })

  it('say the end of what people heard of, muted or not', () => {
    const { take, said, setMute } = open()
    take({ fingerprint: 'a' })
    setMute({ kind: 'window', by: 'sunday', untilMs: null })
    take({ fingerprint: 'a', phase: 'resolved', reason: 'recovered' })
    expect(said).toEqual(['slack new 1/0 warning', 'slack resolved 0/1 warning'])
  })

  it('count what people heard of among what fires, though it is muted by now', () => {
    const { take, pass, said, setMute } = open()
    take({ fingerprint: 'a' })
    take({ fingerprint: 'b' })
    pass(11 * second)
    setMute({ kind: 'silenced', by: 's1', untilMs: null }, 'a')
    take({ fingerprint: 'b', phase: 'resolved', reason: 'recovered' })
    pass(11 * second)
    expect(said).toEqual(['slack new 1/0 warning', 'slack changed 2/0 warning', 'slack changed 1/1 warning'])
  })

  it('look again by themselves when a mute runs out', () => {
    const { take, pass, said, setMute, now } = open()
    const untilMs = now() + hour
    setMute({ kind: 'silenced', by: 's1', untilMs })
    take({ fingerprint: 'a' })
    pass(hour - 1)
    setMute(undefined)
    expect(said).toEqual(['slack new 1/0 warning'])
  })

  it('are one per host and rule unless told otherwise', () => {
    const { take, book } = open()
    take({ fingerprint: 'a', labels: { mount: '/' } })
    take({ fingerprint: 'b', labels: { mount: '/data' } })
    take({ fingerprint: 'c', host: 'web-2' })
    expect([...book.all()].map(({ labels, members }) => [labels, Object.keys(members).length])).toEqual([
      [{ host: 'web-1', rule: 'cpu-high' }, 2],
      [{ host: 'web-2', rule: 'cpu-high' }, 1],
    ])
  })

  it('hold at most 200 alerts each; the next ones open another of the same labels', () => {
    const { take, book } = open()
    for (let index = 0; index < 250; index++) take({ fingerprint: `f${index}` })
    expect([...book.all()].map(({ members }) => Object.keys(members).length)).toEqual([200, 50])
    take({ fingerprint: 'f249', phase: 'updated', severity: 'critical' })
    expect(book.size).toBe(2)
  })

  it('take the same event twice without saying it twice', () => {
    const { take, said } = open()
    take({ id: 'same', fingerprint: 'a' })
    take({ id: 'same', fingerprint: 'a' })
    expect(said).toHaveLength(1)
  })

  describe('whose alert changes its way', () => {
    const routes = {
      calm: { severity: ['info', 'warning'], channels: ['slack'] },
      loud: { severity: ['critical'], channels: ['mail'] },
    }

    it('end where it was heard of first too, and neither repeat nor call there', () => {
      const contacts = { kim: { name: 'Kim', role: 'first responder' } }
      const escalation = { default: { steps: [{ contacts: ['kim'] }] } }
      const { take, pass, said, book } = open({ routes, contacts, escalation, route: { repeat_interval: '1h' } })
      take({ fingerprint: 'a' })
      take({ fingerprint: 'a', phase: 'updated', severity: 'critical' })
      pass(hour)
      expect(said).toEqual(['slack new 1/0 warning', 'mail new 1/0 critical, first responder', 'mail repeated 1/0 critical'])
      take({ fingerprint: 'a', phase: 'resolved', severity: 'critical', reason: 'recovered' })
      expect(said.slice(3).toSorted()).toEqual(['mail resolved 0/1 critical', 'slack resolved 0/1 critical'])
      expect(book.size).toBe(0)
    })

    it('forget it where nobody heard of it', () => {
      const { take, pass, said, book } = open({ routes: { ...routes, calm: { ...routes.calm, group_wait: '30s' } } })
      take({ fingerprint: 'a' })
      take({ fingerprint: 'a', phase: 'updated', severity: 'critical' })
      expect(book.size).toBe(1)
      take({ fingerprint: 'a', phase: 'resolved', severity: 'critical', reason: 'recovered' })
      pass(hour)
      expect(said).toEqual(['mail new 1/0 critical', 'mail resolved 0/1 critical'])
    })

    it.each([['severity'], ['host']])('tell the end once to each who heard of it when they are grouped by %s', (label) => {
      const { take, pass, said, book } = open({ route: { group_by: [label] } })
      take({ fingerprint: 'a', severity: 'critical' })
      take({ fingerprint: 'a', phase: 'updated' })
      pass(hour)
      take({ fingerprint: 'a', phase: 'resolved', reason: 'recovered' })
      expect(said.filter((line) => line.startsWith('mail'))).toHaveLength(label === 'host' ? 3 : 2)
      expect(said.at(-1)).toContain('resolved 0/1')
      expect(book.size).toBe(0)
    })
  })

  it('heed who took it on before anybody was told, and do not call again for what was critical by then', () => {
    const { take, pass, said, book, now, note, setMute } = open({ route: { repeat_interval: '1h' } })
    setMute({ kind: 'silenced', by: 's', untilMs: null })
    take({ fingerprint: 'a', severity: 'critical' })
    pass(second)
    const [group] = book.all()
    note([book.acknowledge(group?.id ?? '', 'a', { actor: 'kim', time_ms: now(), until_ms: null }, now())])
    setMute(undefined)
    pass(24 * hour)
    expect(said).toEqual(['slack new 1/0 critical', 'mail new 1/0 critical'])
  })

  it('go on when the clock is set back', () => {
    const { take, pass, said, setClock } = open({ route: { repeat_interval: '1h' } })
    setClock(1000 * hour)
    take({ fingerprint: 'a' })
    setClock(hour)
    pass(hour)
    expect(said).toEqual(['slack new 1/0 warning', 'slack repeated 1/0 warning'])
    take({ fingerprint: 'b' })
    pass(10 * second)
    expect(said.slice(2)).toEqual(['slack changed 2/0 warning'])
  })

  it('know the groups that hold an alert', () => {
    const { take, book } = open({ routes: { both: { channels: ['mail'], continue: true }, all: {} } })
    take({ fingerprint: 'a' })
    expect(book.of('a').map(({ route }) => route)).toEqual(['both', 'all'])
    take({ fingerprint: 'a', phase: 'resolved', reason: 'recovered' })
    expect(book.of('a')).toEqual([])
  })

  describe('with a ladder', () => {
    const contacts = {
      kim: { name: 'Kim', role: 'first responder' },
      lee: { name: 'Lee', role: 'development lead', phone: '+82 10 1234 5678' },
    }
    const steps = [{ contacts: ['kim'] }, { after: '30m', channels: ['mail'], contacts: ['lee'] }, { after: '2h', contacts: ['lee'] }]
    const escalation = { default: { severity: ['warning', 'critical'], steps } }

    it('call the first at once and the next when nobody takes it on', () => {
      const { take, pass, said } = open({ contacts, escalation })
      take({ fingerprint: 'a' })
      expect(said).toEqual(['slack new 1/0 warning, first responder'])
      pass(30 * 60 * second - 1)
      expect(said).toHaveLength(1)
      pass(1)
      expect(said.slice(1)).toEqual(['slack escalated 1/0 warning, development lead', 'mail escalated 1/0 warning, development lead'])
      pass(2 * hour)
      expect(said.slice(3)).toEqual(['slack escalated 1/0 warning, development lead', 'mail escalated 1/0 warning, development lead'])
      pass(hour)
      expect(said).toHaveLength(5)
    })

    it('stop at an acknowledgement, go on when its time is over, and call again for what is newly critical', () => {
      const { take, pass, said, book, now, note } = open({ contacts, escalation, route: { repeat_interval: '12h' } })
      take({ fingerprint: 'a' })
      const [group] = [...book.all()]
      note([book.acknowledge(group?.id ?? '', 'a', { actor: 'kim', time_ms: now(), until_ms: now() + hour }, now())])
      pass(hour - 1)
      expect(said.slice(1)).toEqual(['slack acked 1/0 warning'])
      pass(1)
      expect(said[2]).toBe('slack escalated 1/0 warning, development lead')
      note([book.acknowledge(group?.id ?? '', 'a', { actor: 'kim', time_ms: now(), until_ms: null }, now())])
      take({ fingerprint: 'b', severity: 'critical' })
      pass(2 * hour)
      expect(said.slice(-2)).toEqual(['slack escalated 2/0 critical, development lead', 'mail escalated 2/0 critical, development lead'])
    })

    it('stop with the end of it all', () => {
      const { take, pass, said } = open({ contacts, escalation })
      take({ fingerprint: 'a' })
      take({ fingerprint: 'a', phase: 'resolved', reason: 'recovered' })
      pass(24 * hour)
      expect(said).toEqual(['slack new 1/0 warning, first responder', 'slack resolved 0/1 warning'])
    })
  })
})
