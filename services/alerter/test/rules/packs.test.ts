import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { alerterConfigSchema, alerterCrossChecks } from '../../src/config.ts'
import { compileRules } from '../../src/rules/compile.ts'
import { defaultRuleNames } from '../../src/rules/default-rules.ts'
import { appMetricsSchema } from '../../src/rules/packs/app-metrics.ts'
import { profileNames, type ProfileName } from '../../src/rules/packs/profiles.ts'
import type { MetricRule } from '../../src/rules/rule.ts'
import { World } from '../tracking/world.ts'

type Keys = Record<string, unknown>

/** An engine with the default rules, as the keys of an `alerter:` section make them. */
function worldOf(keys: Keys): World {
  const world = new World({})
  world.engine.use(compileRules(alerterConfigSchema.parse(keys)))
  return world
}

const item = (metric: string, value: number | null, labels: Record<string, string> = {}): Record<string, string | number | null> => ({
  metric,
  ...labels,
  value,
})

/** What is told while an application says the same every 10 s for 6 minutes. */
function sixMinutes(world: World, items: Record<string, string | number | null>[], job = 'api', from = 0): string[] {
  return Array.from({ length: 37 }, (_, index) => world.metric(from + index * 10, `app_${job}`, { items })).flat()
}

describe('a profile', () => {
  it.each([
    ['course', 'cpu-high', 0.85, null],
    ['course', 'memory-high', 0.9, null],
    ['posture', 'cpu-high', 0.7, 0.85],
    ['posture', 'memory-high', 0.8, 0.9],
    ['posture', 'disk-full', 0.8, 0.9],
    ['posture', 'response-slow', 0.1, 0.5],
    ['posture', 'app-response-slow', 100, 500],
    ['posture', 'request-slow', 1, null],
    ['posture', 'app-request-slow', 1, null],
    ['posture', 'request-errors-high', 0.01, 0.05],
    ['posture', 'app-errors-high', 1, 5],
    ['posture', 'connections-high', 1000, 2000],
    ['posture', 'app-connections-high', 1000, 2000],
    ['cctv', 'cpu-high', 0.9, null],
    ['cctv', 'process-memory-high', 0.8, null],
    ['cctv', 'app-process-memory-high', 0.8, null],
    ['cctv', 'disk-full', 0.85, 0.95],
    ['cctv', 'gpu-memory-high', null, 0.9],
    ['cctv', 'request-errors-high', null, 0.05],
    ['cctv', 'app-errors-high', null, 5],
    ['cctv', 'app-frames-low', 10, null],
    ['cctv', 'app-websockets-none', 1, null],
    ['cctv', 'app-events-slow', 5, null],
    ['cctv', 'app-db-writes-failing', null, 4],
    ['cctv', 'app-snapshots-failing', 9, null],
    ['platform', 'app-errors-high', 1, null],
    ['platform', 'request-errors-high', 0.01, null],
    ['template-api', 'cpu-high', 0.8, null],
    ['template-api', 'memory-high', 0.85, null],
    ['template-api', 'disk-full', 0.9, null],
    ['template-api', 'response-slow', 5, null],
    ['template-api', 'app-response-slow', 5000, null],
    ['template-api', 'app-errors-high', null, 5],
    ['template-api', 'request-errors-high', null, 0.05],
    ['template-api', 'app-cpu-high', 80, null],
    ['template-api', 'app-memory-high', 85, null],
    ['template-api', 'app-disk-full', 90, null],
  ] as const)('%s: %s warns beyond %s, and is critical beyond %s', (profile, name, warning, critical) => {
    const rule = compileRules(alerterConfigSchema.parse({ profile })).find(name) as MetricRule
    const thresholds = Object.fromEntries(rule.levels.map(({ severity, threshold }) => [severity, threshold]))
    expect(thresholds).toEqual({ ...(warning === null ? {} : { warning }), ...(critical === null ? {} : { critical }) })
  })

  it.each(profileNames)('%s can be chosen, and every rule of it compiles', (profile: ProfileName) => {
    const book = compileRules(alerterConfigSchema.parse({ profile }))
    expect(book.metricRules.length).toBeGreaterThan(35)
    expect(book.forCheck('web', 'h')).toMatchObject([{ name: 'check-failing', severity: 'critical' }])
  })

  it.each(profileNames)(
    '%s keeps the incident levels: what is slow is 2, what fails in part is 3, all else follows from how bad it is',
    (profile) => {
      const book = compileRules(alerterConfigSchema.parse({ profile, app_metrics: { llm_response_time: { jobs: ['chat'] } } }))
      const levels = Map.groupBy(book.metricRules, ({ level }) => level)
      expect(levels.get(1)).toBeUndefined()
      expect(
        levels
          .get(2)
          ?.map(({ name }) => name)
          .toSorted(),
      ).toEqual(['app-events-slow', 'app-llm-response-slow', 'app-request-slow', 'app-response-slow', 'request-slow', 'response-slow'])
      expect(
        levels
          .get(3)
          ?.map(({ name }) => name)
          .toSorted(),
      ).toEqual(['app-errors-high', 'request-errors-high'])
    },
  )

  it('of the course shows disks and does not judge them', () => {
    const book = compileRules(alerterConfigSchema.parse({ profile: 'course' }))
    expect(book.forGroup('fs', 'h').map(({ name }) => name)).toEqual(['mount-stale'])
  })

  it('gives way to a rule of the configuration with the same name, and to the list of default rules', () => {
    const rules = { 'cpu-high': { metric: 'cpu.usage_ratio', above: '99%' } }
    const book = compileRules(alerterConfigSchema.parse({ profile: 'cctv', rules, default_rules: ['cpu-high', 'disk-full'] }))
    expect(book.metricRules.map(({ name, levels }) => [name, levels[0]?.threshold])).toEqual([
      ['cpu-high', 0.99],
      ['disk-full', 0.95],
    ])
  })

  it('that nobody has written is refused with the names of those that there are', () => {
    expect(alerterConfigSchema.safeParse({ profile: 'cctvs' }).error?.issues[0]).toMatchObject({ path: ['profile'], values: profileNames })
  })
})

describe('the rules on applications', () => {
  it('find the metrics of an exporter by their names, whatever its job is called', () => {
    const world = worldOf({})
    const page = [item('error_rate', 6), item('response_time_avg', 120), item('active_connections', 1500), item('requests_total', 9)]
    expect(sixMinutes(world, page).toSorted()).toEqual([
      'app-connections-high api firing warning',
      'app-errors-high api firing critical',
      'app-response-slow api firing warning',
    ])
    expect(world.summaries()).toContain('In percent: error_rate (avg over 5m) of api on web-1 is 6, above 5')
    expect(world.summaries()).toContain('In milliseconds: response_time_avg (avg over 5m) of api on web-1 is 120, above 100')
  })

  it('keep two jobs of one host apart: what is gone from one still fires in the other', () => {
    const world = worldOf({})
    const busy = { items: [item('active_connections', 1500)] }
    expect([...world.metric(0, 'app_api', busy), ...world.metric(1, 'app_ws', busy)]).toEqual([
      'app-connections-high api firing warning',
      'app-connections-high ws firing warning',
    ])
    const without = { items: [item('other', 1)] }
    const told = [10, 20, 30, 40].flatMap((at) => [...world.metric(at, 'app_api', busy), ...world.metric(at + 1, 'app_ws', without)])
    expect(told).toEqual(['app-connections-high ws resolved warning gone'])
  })

  it('do not end while one job is silent and the other is not', () => {
    const world = worldOf({})
    world.metric(0, 'app_api', { items: [item('active_connections', 1500)] })
    const told = Array.from({ length: 20 }, (_, index) =>
      world.metric(10 + index * 10, 'app_ws', { items: [item('active_connections', 1)] }),
    )
    expect(told.flat()).toEqual([])
  })

  it('keep a label called job that the application has itself', () => {
    const world = worldOf({})
    world.metric(0, 'app_api', { items: [item('active_connections', 1500, { job: 'own' })] })
    expect([...world.book.all()].map(({ series }) => series.labels)).toEqual([{ job: 'api', exported_job: 'own' }])
  })

  it('divide one counter by another where the mapping says so', () => {
    const world = worldOf({ app_metrics: { error_rate: { metric: 'errors_total', per: 'requests_total' } } })
    const told = Array.from({ length: 37 }, (_, index) =>
      world.metric(index * 10, 'app_api', { items: [item('errors_total', index * 6), item('requests_total', index * 100)] }),
    )
    expect(told.flat()).toEqual(['app-errors-high api firing critical'])
    expect(world.summaries()).toEqual(['errors_total per requests_total (increase over 5m) of api on web-1 is 6%, above 5%'])
  })

  it('read what the mapping names, in the unit that it names, in the jobs that it names, or nothing', () => {
    const world = worldOf({
      app_metrics: {
        response_time: { metric: 'latency_ms', jobs: ['shop-*'] },
        connections: 'app_ws.clients',
        error_rate: false,
      },
    })
    const page = [item('latency_ms', 120), item('clients', 1500), item('error_rate', 50), item('response_time_avg', 900)]
    expect(sixMinutes(world, page, 'shop-1')).toEqual(['app-response-slow shop-1 firing warning'])
    expect(sixMinutes(world, page, 'ws')).toEqual(['app-connections-high firing warning'])
  })

  it('judge a job that waits for a language model by 3 and 5 s, and never by both', () => {
    const world = worldOf({ app_metrics: { llm_response_time: { jobs: ['chat'] } } })
    const slow = [item('response_time_avg', 3001)]
    expect(sixMinutes(world, slow, 'chat')).toEqual(['app-llm-response-slow chat firing warning'])
    expect(sixMinutes(world, slow, 'api')).toEqual(['app-response-slow api firing critical'])
  })

  it('count frames over a minute: 10 a second are enough, fewer are not', () => {
    for (const [perSecond, told] of [
      [10, []],
      [9, ['app-frames-low 3,cam firing warning']],
    ] as const) {
      const world = worldOf({ profile: 'cctv' })
      const frames = (index: number) => ({ items: [item('frames_processed_total', index * 10 * perSecond, { camera_id: '3' })] })
      expect(Array.from({ length: 10 }, (_, index) => world.metric(index * 10, 'app_cam', frames(index))).flat()).toEqual(told)
    }
  })

  it('want a WebSocket in operating hours only', () => {
    // It is a Saturday, 03:00 UTC: noon in Seoul.
    const none = [item('websocket_connections', 0)]
    expect(sixMinutes(worldOf({ profile: 'cctv' }), none)).toEqual([])
    const hours = { from: '09:00', to: '18:00', timezone: 'Asia/Seoul' }
    expect(sixMinutes(worldOf({ profile: 'cctv', operating_hours: hours }), none)).toEqual([
      'app-websockets-none api pending warning',
      'app-websockets-none api firing warning',
    ])
    expect(sixMinutes(worldOf({ profile: 'cctv', operating_hours: hours }), [item('websocket_connections', 1)])).toEqual([])
  })

  it('call for the fifth failed write to the database and the tenth snapshot, not before', () => {
    const world = worldOf({ profile: 'cctv' })
    const failures = (at: number, writes: number, snapshots: number): string[] =>
      world.metric(at, 'app_cam', {
        items: [item('db_write_consecutive_failures', writes), item('snapshot_consecutive_failures', snapshots)],
      })
    expect(failures(0, 4, 9)).toEqual([])
    expect(failures(10, 5, 10)).toEqual(['app-db-writes-failing cam firing critical', 'app-snapshots-failing cam firing warning'])
    expect(failures(20, 0, 0)).toEqual([
      'app-db-writes-failing cam resolved critical recovered',
      'app-snapshots-failing cam resolved warning recovered',
    ])
  })

  it('compare the memory of a process with what is available on its host', () => {
    const world = worldOf({ profile: 'cctv' })
    const tick = (at: number, bytes: number): string[] => [
      ...world.metric(at, 'mem', { fields: { available_bytes: 1000, used_ratio: 0.5 } }),
      ...world.metric(at, 'app_cam', { items: [item('process_memory_bytes', bytes)] }),
    ]
    expect([tick(0, 800), tick(10, 801)]).toEqual([[], ['app-process-memory-high cam firing warning']])
  })
})

describe('the rules on logs and checks', () => {
  it('divide failed requests by all of a log, and leave its endpoints alone', () => {
    const world = worldOf({})
    const told = Array.from({ length: 37 }, (_, index) =>
      world.metric(index * 10, 'log_nginx', {
        fields: { requests_total: index * 100, request_errors_total: index * 2 },
        items: [
          { kind: 'endpoint', name: 'GET /', requests_total: index * 2, errors_total: index * 2 },
          { kind: 'status', name: '5xx', requests_total: index * 2 },
        ],
      }),
    )
    expect(told.flat()).toEqual(['request-errors-high nginx firing warning'])
  })

  it('hear a slow check after 5 minutes, and end with the check', () => {
    const world = worldOf({})
    const told = Array.from({ length: 40 }, (_, index) => world.check(index * 10, true, 'web', { latency_seconds: 0.12 }))
    expect(told.flat()).toEqual(['response-slow web,http firing warning'])
    expect(world.check(400, true, 'other', { latency_seconds: 0.01 })).toEqual([])
    expect(world.health(410, 'removed')).toEqual(['response-slow web,http resolved warning check removed'])
  })

  it('warn of a certificate 30 days before it ends, call at 7, and hold while the server does not answer', () => {
    const world = worldOf({})
    const days = (left: number) => ({ detail: { cert_expires_seconds: left * 86_400 } })
    expect(world.check(0, true, 'web', days(30))).toEqual([])
    expect(world.check(10, true, 'web', days(29.9))).toEqual(['certificate-expiring web,http firing warning'])
    for (let tick = 2; tick < 8; tick++) expect(world.check(tick * 10, false, 'web')).toEqual([])
    expect(world.check(90, true, 'web', days(6.9))).toEqual(['certificate-expiring web,http updated critical up from warning to critical'])
    expect(world.check(100, true, 'web', days(90))).toEqual(['certificate-expiring web,http resolved critical recovered'])
  })

  it('take a page that does not come three times in a row for down', () => {
    const world = worldOf({})
    const up = (at: number, value: number): string[] => world.metric(at, 'scrape', { items: [{ job: 'api', instance: 'a:1', up: value }] })
    expect([up(0, 1), up(10, 0), up(20, 0)]).toEqual([[], [], []])
    expect(up(30, 0)).toEqual(['target-down api,a:1 firing warning'])
    expect(up(40, 1)).toEqual(['target-down api,a:1 resolved warning recovered'])
  })
})

it('rules on data that nobody sends keep nothing and say nothing', () => {
  const world = worldOf({ profile: 'cctv' })
  for (let tick = 0; tick < 100; tick++) {
    expect(world.cpu(tick * 10, 0.1)).toEqual([])
    expect(world.metric(tick * 10, 'app_api', { items: [item('clients', 1), item('requests_total', tick)] })).toEqual([])
    expect(world.check(tick * 10, true)).toEqual([])
  }
  expect(world.book.size).toBe(0)
  expect(world.engine.values.store.size).toBe(0)
})

/** What is wrong with a file, with line and column. */
async function mistakesIn(text: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-packs-'))
  try {
    const file = join(folder, 'nightshift.yaml')
    writeFileSync(file, text, { mode: 0o600 })
    const loaded = await loadConfig({
      file,
      env: {},
      sections: { alerter: alerterConfigSchema },
      run: 'all',
      crossChecks: alerterCrossChecks,
    })
    const found = loaded.ok ? loaded.warnings : loaded.diagnostics
    return found.map(({ line, column, path, message, hint }) => `${line}:${column} ${path}: ${message} (${hint})`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('mistakes', () => {
  const rule = (text: string): Promise<string[]> => mistakesIn(`alerter:\n  rules:\n    a: ${text}\n`)

  it('in the mapping are told with their place', async () => {
    expect(await mistakesIn('alerter:\n  app_metrics:\n    eror_rate: errors\n')).toEqual([
      '3:5 alerter.app_metrics.eror_rate: unknown key (did you mean "error_rate"?)',
    ])
    expect(await mistakesIn('alerter:\n  app_metrics:\n    error_rate: { metric: "errors total" }\n')).toHaveLength(1)
    expect(await mistakesIn('alerter:\n  profile: cctvs\n')).toEqual([
      '2:12 alerter.profile: must be one of course, posture, cctv, platform, template-api, not the text "cctvs" (did you mean "cctv"?)',
    ])
  })

  it('in rules on all of something are told: nothing of many can be missed, and only a share can be full', async () => {
    expect(await rule('{ metric: "app_*.n", absent: 5m }')).toEqual([
      '3:18 alerter.rules.a.metric: stands for many, and only one can be missed (name the job, the log or the check)',
    ])
    expect(await rule('{ metric: fs.available_bytes, take: full_in, over: 3h, below: 1d }')).toEqual([
      '3:44 alerter.rules.a.take: fs.available_bytes is no share of something, so it is never full (read the metric that ends with _ratio)',
    ])
    expect(await rule('{ metric: "apps_*.n", above: 5 }')).not.toEqual([])
    expect(await rule('{ metric: "app_*.cpu_percent", above: 85% }')).toHaveLength(1)
    expect(await rule('{ metric: "app_*.a", per: "app_*.b", above: 85% }')).toEqual([])
  })
})

describe('docs/profiles.md', () => {
  const page = readFileSync(new URL('../../../../docs/profiles.md', import.meta.url), 'utf8')

  it('shows configuration that can be used as it is', async () => {
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
    expect(blocks).toHaveLength(3)
    for (const text of blocks) expect(await mistakesIn(text)).toEqual([])
  })

  it('names every profile, every subject with its metric, and every rule', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'))
    for (const [subject, schema] of Object.entries(appMetricsSchema.unwrap().shape)) {
      const metric = / The default is (\S+)$/.exec(schema.description ?? '')?.[1] ?? 'none'
      expect(rows.filter((row) => row.startsWith(`| \`${subject}\` | \`${metric}\` |`))).toHaveLength(1)
    }
    expect(defaultRuleNames.filter((rule) => !rows.some((row) => row.includes(`\`${rule}\``)))).toEqual([])
    for (const name of profileNames) {
      expect(page).toContain(`\`${name}\``)
    }
  })
})
