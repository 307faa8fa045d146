import { expect, test } from 'vitest'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { alerterConfigSchema } from '../../src/config.ts'
import { explainAlert, type Explanation } from '../../src/explain/explain-alert.ts'
import { Simulation } from '../../src/simulate/simulation.ts'
import { timelineOf } from '../../src/simulate/scenario/timeline.ts'
import { scenarioFileSchema } from '../../src/simulate/scenario/scenario-config.ts'

const startMs = Date.parse('2026-01-05T00:00:00Z')

/** The explanation of each alert at each of these moments. */
async function explained(config: object, scenario: object, atMinutes: readonly number[]): Promise<(Explanation | undefined)[][]> {
  const [test_] = scenarioFileSchema.parse({ tests: [{ name: 'a', expect: [{ at: '1d' }], ...scenario }] }).tests
  const messages = test_ === undefined ? [] : timelineOf(test_)
  const simulation = await Simulation.open({
    base: baseConfigSchema.parse({ timezone: 'UTC' }),
    config: alerterConfigSchema.parse(config),
    startMs: startMs - 1,
    onAlert: () => undefined,
    onNotification: () => undefined,
  })
  try {
    const all: (Explanation | undefined)[][] = []
    for (const minutes of atMinutes) {
      const untilMs = startMs + minutes * 60_000
      for (; messages[0] !== undefined && messages[0].receivedMs <= untilMs; messages.shift()) await simulation.receive(messages[0])
      await simulation.advanceTo(untilMs)
      const standing = simulation.standing()
      all.push(standing.records.map((record) => explainAlert(record, standing)))
    }
    return all
  } finally {
    await simulation.close()
  }
}

test('an alert says at each step of its life why people hear of it, by which way, and what comes next', async () => {
  const config = {
    presence: { hosts: ['!*'] },
    rules: { cpu: { metric: 'cpu.usage_ratio', above: 0.8, for: '5m' } },
    routes: { web: { match: { host: 'web-*' }, group_wait: '2m', repeat_interval: '1h' }, rest: { match: { host: 'db-*' } } },
  }
  const series = [{ host: 'web-1', metric: 'cpu.usage_ratio', values: '90%x60' }]
  const [pending, waiting, told] = await explained(config, { series }, [3, 6, 10])
  expect(pending?.[0]?.why).toBe('nobody is told: it is pending until its condition has held for 5m, since 2026-01-05T00:00:00.000Z')
  expect(waiting?.[0]).toMatchObject({
    route: ['web: matches', 'goes by web'],
    for_seconds: 300,
    groups: [{ route: 'web', incident: null, next_time: '2026-01-05T00:07:00.000Z' }],
    why: 'to be told at 2026-01-05T00:07:00.000Z: the first message, after 2m',
  })
  expect(told?.[0]?.why).toBe(
    'told at 2026-01-05T00:07:00.000Z to log, 1 message so far; next at 2026-01-05T01:07:00.000Z: said again, every 1h',
  )
})

test('what keeps an alert from people is named, with its end', async () => {
  const config = { presence: { hosts: ['!*'] }, windows: { nightly: { from: '00:00', to: '06:00' } } }
  const [muted] = await explained(config, { checks: [{ host: 'a', check: 'web', states: { '1m': 'failing' } }] }, [5])
  expect(muted?.[0]).toMatchObject({
    mutes: [{ kind: 'window', by: 'nightly', until_time: '2026-01-05T06:00:00.000Z' }],
    why: 'nobody is told: it is in the maintenance window nightly until 2026-01-05T06:00:00.000Z',
    groups: [{ next_time: '2026-01-05T06:00:00.000Z', next: 'what keeps it from people ends' }],
  })
})
