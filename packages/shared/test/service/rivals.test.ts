import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duplicateError, readIdentity, Rivals, startedFirst, type InstanceIdentity } from '../../src/service/rivals.ts'

const own: InstanceIdentity = { instance: '01B', started_time: '2026-11-21T12:00:00.000Z', pid: 1 }
const seen = (over: object) => ({
  instance: '01A',
  started_time: '2026-11-21T11:00:00.000Z',
  pid: 2,
  time: '2026-11-21T12:00:05.000Z',
  state: 'ready',
  ...over,
})

describe('two instances of one service on one host', () => {
  it('agree on who stops, whoever looks', () => {
    const identity = fc.record({
      instance: fc.stringMatching(/^[0-9A-Z]{3}$/),
      started_time: fc.constantFrom(own.started_time, '2026-11-21T12:00:00.001Z'),
      pid: fc.nat(),
    })
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        fc.pre(a.instance !== b.instance)
        expect(startedFirst(a, b)).toBe(!startedFirst(b, a))
        const hears = (me: InstanceIdentity, other: InstanceIdentity) =>
          new Rivals(me).judge({ ...other, time: '2026-11-21T13:00:00.000Z', state: 'ready' }, 0)
        expect([hears(a, b), hears(b, a)].toSorted()).toEqual(['go', 'stay'])
      }),
    )
  })

  it('the later one goes when it hears the earlier one', () => {
    expect(new Rivals(own).judge(seen({}), 0)).toBe('go')
  })

  it('the earlier one stays', () => {
    expect(new Rivals(own).judge(seen({ started_time: '2026-11-21T12:00:01.000Z' }), 0)).toBe('stay')
  })

  it('one does not mind itself, nor one that is stopping', () => {
    expect(new Rivals(own).judge(seen({ instance: '01B' }), 0)).toBe('ignore')
    expect(new Rivals(own).judge(seen({ state: 'stopping' }), 0)).toBe('ignore')
  })

  it('the last words of a killed predecessor do not stop its successor', () => {
    const rivals = new Rivals(own)
    const last = seen({ time: '2026-11-21T11:59:59.999Z' })
    expect(rivals.judge(last, 0)).toBe('ignore')
    expect(rivals.judge(last, 100)).toBe('ignore')
  })

  it('one with a clock that is behind is believed when it is heard again', () => {
    const rivals = new Rivals(own)
    const behind = seen({ time: '2026-11-21T11:30:00.000Z' })
    expect(rivals.judge(behind, 0)).toBe('ignore')
    expect(rivals.judge(behind, 10_000)).toBe('go')
  })
})

describe('what another instance says of itself', () => {
  it('is taken only when it makes sense', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readIdentity(value)))
    expect(readIdentity({ instance: 1, started_time: own.started_time })).toBeUndefined()
    expect(readIdentity({ instance: '01A', started_time: 'yesterday' })).toBeUndefined()
    expect(readIdentity({ ...own, extra: true, state: 'ready' })).toEqual({ ...own, state: 'ready' })
  })

  it('is told with what to do', () => {
    const { code, message } = duplicateError('collector', 'web-1', { ...own, machine: 'vm-7' })
    expect(code).toBe('duplicate_instance')
    expect(message).toBe(
      'another collector already runs for host web-1: pid 1 on machine vm-7, since 2026-11-21T12:00:00.000Z, instance 01B. ' +
        'Stop one of the two; if they are on different machines, give each its own name with `host:` in the configuration',
    )
  })
})
