import { describe, expect, it } from 'vitest'
import { StaleAlerts } from '../../src/presence/stale-alerts.ts'
import { start, World } from '../tracking/world.ts'

const rules = { hot: { metric: 'cpu.usage_ratio', above: '85%' } }
const minute = 60

/** An alert that fires; `look` says what is told of it when somebody looks. */
function firing() {
  const world = new World(rules)
  world.cpu(0, 0.95)
  const stale = new StaleAlerts()
  const look = (seconds: number, isHeard = true) => {
    const parts = { book: world.book, rules: world.compile(rules), staleAfterMs: 300_000, isHeard: () => isHeard }
    return stale.find(parts, seconds * 1000, start + seconds * 1000)
  }
  return { world, look }
}

describe('an alert that fires and of which no value comes', () => {
  it('says so once, and stays as it is', () => {
    const { world, look } = firing()
    expect(look(1)).toEqual([])
    expect(look(300)).toEqual([])
    const [change, ...others] = look(301)
    expect(others).toEqual([])
    expect(change?.transition).toMatchObject({ phase: 'updated', severity: 'warning' })
    expect(change?.transition?.reason).toBe('no data for 5m, although the host is heard; the alert stays as it is')
    expect(change?.life.phase).toBe('firing')
    expect(world.cpu(301, 0.5)).toEqual(['hot resolved warning recovered'])
  })

  it('does not say so while values come, while the host is not heard, and for the full time after that', () => {
    const { world, look } = firing()
    for (let at = 0; at < 20 * minute; at += 10) {
      world.cpu(at, 0.95)
      expect(look(at)).toEqual([])
    }
    for (let at = 20 * minute; at < 40 * minute; at += 10) expect(look(at, false)).toEqual([])
    for (let at = 40 * minute; at < 44 * minute; at += 10) expect(look(at)).toEqual([])
    expect(look(45 * minute)).toHaveLength(1)
  })

  it('counts what cannot be read as no value', () => {
    const { world, look } = firing()
    let told = 0
    for (let at = 1; at <= 6 * minute; at += 10) {
      world.cpu(at, null)
      told = Math.max(told, look(at).length)
    }
    expect(told).toBe(1)
  })
})
