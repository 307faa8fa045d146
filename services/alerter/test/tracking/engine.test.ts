import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { World } from './world.ts'

const cpuHigh = { 'cpu-high': { metric: 'cpu.usage_ratio', above: '85%' } }
const slowCpu = { 'cpu-high': { metric: 'cpu.usage_ratio', above: '85%', for: '5m' } }
const diskFull = { 'disk-full': { metric: 'fs.used_ratio', above: { warning: '85%', critical: '95%' } } }
const fs = (mount: string, used: number | null) => ({ mount, device: 'sda1', fstype: 'ext4', used_ratio: used })

describe('metrics', () => {
  it('fire above the threshold, not at it', () => {
    const world = new World(cpuHigh)
    expect(world.cpu(0, 0.85)).toEqual([])
    expect(world.cpu(1, 0.851)).toEqual(['cpu-high firing warning'])
    expect(world.cpu(2, 0.851)).toEqual([])
    expect(world.cpu(3, 0.85)).toEqual(['cpu-high resolved warning recovered'])
  })

  it('are one alert per host and labels', () => {
    const world = new World(diskFull)
    expect(world.metric(0, 'fs', { items: [fs('/', 0.9), fs('/data', 0.96), fs('/boot', 0.1)] })).toEqual([
      'disk-full /,sda1,ext4 firing warning',
      'disk-full /data,sda1,ext4 firing critical',
    ])
    expect(world.metric(0, 'fs', { items: [fs('/', 0.9)] }, 'web-2')).toEqual(['disk-full /,sda1,ext4 firing warning'])
    expect(world.book.size).toBe(3)
  })

  it('tell the same series by the labels of the catalogue, whatever labels come later', () => {
    const world = new World(diskFull)
    world.metric(0, 'fs', { items: [fs('/', 0.9)] })
    expect(world.metric(1, 'fs', { items: [{ ...fs('/', 0.9), label_of_tomorrow: 'x' }] })).toEqual([])
    expect(world.book.size).toBe(1)
  })

  it('hold when a value cannot be read', () => {
    const world = new World(cpuHigh)
    world.cpu(0, 0.9)
    for (let at = 1; at < 10; at++) expect(world.cpu(at, null)).toEqual([])
    expect(world.book.size).toBe(1)
  })

  it('hold when messages do not come, however long', () => {
    const world = new World({ ...cpuHigh, ...diskFull })
    world.cpu(0, 0.9)
    world.metric(1, 'fs', { items: [fs('/', 0.9)] })
    for (let at = 2; at < 100; at++) expect(world.metric(at * 3600, 'mem', { fields: { used_ratio: 0.1 } })).toEqual([])
    expect(world.book.size).toBe(2)
  })

  it('hold when a message comes that says nothing of the kind at all', () => {
    const world = new World({ ...cpuHigh, ...diskFull })
    world.cpu(0, 0.9)
    world.metric(1, 'fs', { items: [fs('/', 0.9)] })
    for (let at = 2; at < 10; at++) expect([...world.metric(at, 'fs', {}), ...world.metric(at, 'cpu', {})]).toEqual([])
  })

  it('resolve as gone what was absent from 3 messages in a row, and not from 2', () => {
    const world = new World(diskFull)
    world.metric(0, 'fs', { items: [fs('/', 0.5), fs('/data', 0.9)] })
    const without = (at: number) => world.metric(at, 'fs', { items: [fs('/', 0.5)] })
    expect([without(1), without(2)]).toEqual([[], []])
    expect(world.metric(3, 'fs', { items: [fs('/', 0.5), fs('/data', 0.9)] })).toEqual([])
    expect([without(4), without(5), without(6)]).toEqual([[], [], ['disk-full /data,sda1,ext4 resolved warning gone']])
  })

  it('do not count the same message twice towards gone', () => {
    const world = new World(diskFull)
    world.metric(0, 'fs', { items: [fs('/data', 0.9)] })
    for (let copy = 0; copy < 5; copy++) expect(world.metric(1, 'fs', { items: [] })).toEqual([])
    expect(world.metric(2, 'fs', { items: [] })).toEqual([])
    expect(world.metric(3, 'fs', { items: [] })).toEqual(['disk-full /data,sda1,ext4 resolved warning gone'])
  })

  it('judge what is gone by all parts of a message together, and hold when one of them is lost', () => {
    const world = new World(diskFull)
    const part = (at: number, number: number, items: ReturnType<typeof fs>[]) => world.metric(at, 'fs', { items, part: number, parts: 2 })
    part(0, 1, [fs('/a', 0.9)])
    part(0, 2, [fs('/b', 0.9)])
    for (let at = 1; at < 6; at++) expect([...part(at, 1, [fs('/a', 0.9)]), ...part(at, 2, [fs('/b', 0.9)])]).toEqual([])
    for (let at = 6; at < 16; at++) expect(part(at, 1, [fs('/a', 0.9)])).toEqual([])
    const gone = [16, 17, 18].flatMap((at) => [...part(at, 1, [fs('/a', 0.9)]), ...part(at, 2, [])])
    expect(gone).toEqual(['disk-full /b,sda1,ext4 resolved warning gone'])
  })

  it('resolve a field that disappears from messages that do come', () => {
    const world = new World(cpuHigh)
    world.cpu(0, 0.9)
    const without = (at: number) => world.metric(at, 'cpu', { fields: { cores: 4 } })
    expect([without(1), without(2), without(3)].flat()).toEqual(['cpu-high resolved warning gone'])
  })

  it('wait for "for" by the clock of the host, and fire exactly then', () => {
    const world = new World(slowCpu)
    for (let at = 0; at < 300; at++) world.cpu(at, 0.9)
    expect(world.told).toEqual(['cpu-high pending warning'])
    expect(world.cpu(300, 0.9)).toEqual(['cpu-high firing warning'])
  })

  it('do not count a gap in the data for "for", and do not start it anew either', () => {
    const world = new World(slowCpu)
    for (let at = 0; at <= 200; at++) world.cpu(at, 0.9)
    for (let at = 1000; at < 1100; at++) world.cpu(at, 0.9)
    expect(world.told).toEqual(['cpu-high pending warning'])
    expect(world.cpu(1100, 0.9)).toEqual(['cpu-high firing warning'])
  })

  it('do not count time in which the value could not be read, such as the first message of a collector that was away', () => {
    const away = new World(slowCpu)
    for (let at = 0; at <= 200; at++) away.cpu(at, 0.9)
    away.cpu(1000, null)
    for (let at = 1001; at < 1101; at++) away.cpu(at, 0.9)
    expect(away.told).toEqual(['cpu-high pending warning'])
    expect(away.cpu(1101, 0.9)).toEqual(['cpu-high firing warning'])
    const unreadable = new World(slowCpu)
    for (let at = 0; at <= 200; at++) unreadable.cpu(at, 0.9)
    for (let at = 201; at < 1000; at++) unreadable.cpu(at, null)
    for (let at = 1000; at < 1100; at++) unreadable.cpu(at, 0.9)
    expect(unreadable.told).toEqual(['cpu-high pending warning'])
    expect(unreadable.cpu(1100, 0.9)).toEqual(['cpu-high firing warning'])
  })

  it('do not count the time in which the alerter was away, and nothing was kept of it', () => {
    const world = new World(slowCpu)
    for (let at = 0; at <= 200; at++) world.cpu(at, 0.9)
    world.book.resume(world.now)
    world.cpu(1000, null)
    for (let at = 1001; at < 1101; at++) world.cpu(at, 0.9)
    expect(world.told).toEqual(['cpu-high pending warning'])
    expect(world.cpu(1101, 0.9)).toEqual(['cpu-high firing warning'])
  })

  it('learn the pace of a slow source instead of taking each pause for a gap', () => {
    const world = new World({ 'disk-full': { metric: 'fs.used_ratio', above: '85%', for: '5m' } })
    world.metric(0, 'fs', { items: [fs('/', 0.9)] })
    expect(world.metric(3600, 'fs', { items: [fs('/', 0.9)] })).toEqual(['disk-full /,sda1,ext4 firing warning'])
  })

  it('count what does not fit, and hold on to what is there', () => {
    const world = new World(diskFull, { maxAlerts: 100 })
    world.metric(0, 'fs', { items: Array.from({ length: 1000 }, (_, index) => fs(`/${index}`, 0.9)) })
    expect(world.book.size).toBe(100)
    expect(world.book.overflowTotal).toBe(900)
    world.metric(1, 'fs', { items: Array.from({ length: 100 }, (_, index) => fs(`/${index}`, 0.5)) })
    expect(world.told.filter((line) => line.includes('resolved'))).toHaveLength(100)
  })

  it('take a label twice in one message for one thing', () => {
    const world = new World(diskFull)
    expect(world.metric(0, 'fs', { items: [fs('/', 0.9), fs('/', 0.99)] })).toEqual(['disk-full /,sda1,ext4 firing warning'])
  })
})

describe('checks', () => {
  const webDown = { 'web-down': { check: 'web' } }

  it('fire and resolve on transitions, at once', () => {
    const world = new World(webDown)
    expect(world.health(0, 'failing', { error: 'connection refused' })).toEqual(['web-down web firing critical'])
    expect(world.health(5, 'ok')).toEqual(['web-down web resolved critical recovered'])
  })

  it('hold while the state is unknown, and resolve when the check is removed', () => {
    const world = new World(webDown)
    world.health(0, 'failing')
    expect(world.health(1, 'unknown')).toEqual([])
    expect(world.book.size).toBe(1)
    expect(world.health(2, 'removed')).toEqual(['web-down web resolved critical check removed'])
  })

  it('are not resolved by good results on METRICS: only a transition says so', () => {
    const world = new World(webDown)
    world.health(0, 'failing')
    for (let at = 1; at < 50; at++) expect(world.check(at, true)).toEqual([])
  })

  it('wait for as many failed results as the rule asks for', () => {
    const world = new World({ 'web-down': { check: 'web', failures: 5 } })
    expect(world.health(0, 'failing', { consecutive: 3 })).toEqual(['web-down web pending critical'])
    expect([...world.check(0, false), ...world.check(1, false), ...world.check(1.5, null)]).toEqual([])
    expect(world.check(2, false)).toEqual(['web-down web firing critical'])
  })

  it('fire after "for" by the clock of their host, whatever message brings it', () => {
    const world = new World({ 'web-down': { check: 'web', for: '1m' } })
    expect(world.health(0, 'failing')).toEqual(['web-down web pending critical'])
    expect(world.cpu(60, 0.1, 'web-2')).toEqual([])
    expect(world.cpu(59, 0.1)).toEqual([])
    expect(world.cpu(60, 0.1)).toEqual(['web-down web firing critical'])
  })

  it('do not let time pass while the state is unknown', () => {
    const world = new World({ 'web-down': { check: 'web', for: '1m' } })
    world.health(0, 'failing')
    world.health(30, 'unknown')
    expect(world.cpu(90, 0.1)).toEqual([])
    expect(world.health(130, 'failing')).toEqual([])
    expect(world.cpu(159, 0.1)).toEqual([])
    expect(world.cpu(160, 0.1)).toEqual(['web-down web firing critical'])
  })

  it('skip a transition that comes again long after', () => {
    const world = new World(webDown)
    world.health(0, 'failing', { id: 'first' })
    world.health(1, 'ok', { id: 'second' })
    expect(world.health(0, 'failing', { id: 'first' })).toEqual([])
    expect(world.ledger.duplicatesTotal).toBe(1)
    expect(world.health(2, 'failing', { id: 'third' })).toEqual(['web-down web firing critical'])
  })

  it('fall under the default rule unless a rule names them', () => {
    const world = new World(webDown, { defaults: true })
    expect(world.health(0, 'failing')).toEqual(['web-down web firing critical'])
    expect(world.health(0, 'failing', { check: 'ssh' })).toEqual(['check-failing ssh firing critical'])
  })
})

describe('a replay after a crash', () => {
  it('skips what is in the stored state already', () => {
    const world = new World(cpuHigh)
    const [calm, high, low] = [world.next('METRICS'), world.next('METRICS'), world.next('METRICS')]
    world.cpu(0, 0.1, 'web-1', calm)
    world.cpu(1, 0.9, 'web-1', high)
    expect(world.cpu(0, 0.1, 'web-1', calm)).toEqual([])
    expect(world.cpu(1, 0.9, 'web-1', high)).toEqual([])
    expect(world.cpu(2, 0.1, 'web-1', low)).toEqual(['cpu-high resolved warning recovered'])
    for (const position of [calm, high, low]) expect(world.cpu(1, 0.9, 'web-1', position)).toEqual([])
  })

  it('does not skip what a stream that was made anew brings under old numbers', () => {
    const world = new World(cpuHigh)
    world.cpu(0, 0.9, 'web-1', { generation: 0, seq: 5000 })
    expect(world.cpu(1, 0.1, 'web-1', { generation: 1, seq: 1 })).toEqual(['cpu-high resolved warning recovered'])
  })

  it('keeps the checkpoint before a breach that is too young to be stored', () => {
    const world = new World(slowCpu)
    world.cpu(0, 0.1)
    const young = world.next('METRICS')
    world.cpu(1, 0.9, 'web-1', young)
    const handled = world.next('METRICS')
    world.cpu(2, 0.9, 'web-1', handled)
    expect(world.quiet.limit(handled, 0)).toEqual({ generation: 0, seq: young.seq - 1 })
    expect(world.quiet.limit(handled, 600_000)).toEqual(handled)
    world.cpu(11, 0.9)
    expect(world.told).toEqual(['cpu-high pending warning'])
    expect(world.quiet.limit(handled, 0)).toEqual(handled)
  })
})

describe('a change of the rules', () => {
  it('fires at once for a check that has been failing for long', () => {
    const world = new World({})
    world.health(0, 'failing')
    world.engine.use(world.compile({ 'web-down': { check: 'web' } }))
    expect(world.reconcile()).toEqual(['web-down web firing critical'])
  })

  it('resolves the alerts of a rule that is gone, or that reads something else now, and says so', () => {
    const world = new World({ ...cpuHigh, 'web-down': { check: 'web' }, 'disk-full': { metric: 'fs.used_ratio', above: '85%' } })
    world.cpu(0, 0.9)
    world.health(0, 'failing')
    world.metric(0, 'fs', { items: [fs('/', 0.9)] })
    world.engine.use(
      world.compile({
        'cpu-high': { metric: 'mem.used_ratio', above: '85%' },
        'disk-full': { metric: 'fs.used_ratio', above: '85%', where: { mount: '/data' } },
      }),
    )
    expect(world.reconcile().toSorted()).toEqual([
      'cpu-high resolved warning rule changed',
      'disk-full /,sda1,ext4 resolved warning rule changed',
      'web-down web resolved critical rule removed',
    ])
  })

  it('leaves alone what the rules still say, also when asked twice', () => {
    const world = new World({ ...cpuHigh, 'web-down': { check: 'web' } })
    world.cpu(0, 0.9)
    world.health(0, 'failing')
    world.engine.use(world.compile({ 'cpu-high': { metric: 'cpu.usage_ratio', above: '80%' }, 'web-down': { check: 'web' } }))
    expect([...world.reconcile(), ...world.reconcile()]).toEqual([])
  })

  it('hands a check over from the default rule to one of its own', () => {
    const world = new World({}, { defaults: true })
    world.health(0, 'failing')
    world.engine.use(world.compile({ 'web-down': { check: 'web' } }, true))
    expect(world.reconcile()).toEqual(['check-failing web resolved critical rule changed', 'web-down web firing critical'])
  })
})

describe('whatever a source sends', () => {
  const value = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0.9, 0.99, 0.1, null))
  const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('/', '__proto__', '\u0000'))
  const item = fc.dictionary(fc.constantFrom('mount', 'device', 'used_ratio', '__proto__', 'x'), fc.oneof(value, text))
  const body = fc.record(
    {
      fields: fc.dictionary(fc.constantFrom('usage_ratio', 'used_ratio', 'constructor'), value),
      items: fc.array(item, { maxLength: 5 }),
      part: fc.integer({ min: 1, max: 3 }),
      parts: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: [] },
  )
  const message = fc.record({
    seconds: fc.integer({ min: -100, max: 100_000 }),
    group: fc.constantFrom('cpu', 'fs', 'app_shop', 'constructor'),
    body,
  })

  it('is judged without a crash, within bounds, and every alert that ends had begun', () => {
    const rules = { ...slowCpu, ...diskFull, shop: { metric: 'app_shop.x', above: 0.5 } }
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
        const world = new World(rules, { maxAlerts: 5 })
        for (const { seconds, group, body } of messages) world.metric(seconds, group, body)
        const count = (phase: string): number => world.told.filter((line) => line.includes(` ${phase} `)).length
        return world.book.size <= 5 && count('resolved') <= count('firing') + count('pending')
      }),
    )
  })
})
