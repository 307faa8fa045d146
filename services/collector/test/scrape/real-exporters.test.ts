import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { collectorConfigSchema } from '../../src/config.ts'
import { Target } from '../../src/scrape/target.ts'
import { keptLog } from '../kept-log.ts'
import { servePage } from './page-server.ts'

/** A peer named by its variable, or found on PATH under one of its names. */
function find(variable: string, names: readonly string[]): string | undefined {
  const named = process.env[variable]
  for (const name of named === undefined ? names : [named]) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return name
    } catch {
      continue
    }
  }
  return undefined
}

const nodeExporter = find('NODE_EXPORTER', ['node_exporter', 'prometheus-node-exporter'])
const prometheus = find('PROMETHEUS', ['prometheus'])
const skipped = (binary: string | undefined, variable: string): string =>
  binary === undefined ? ` (skipped: not found; name it by ${variable})` : ''

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

/** Starts a peer and waits until this URL answers. */
async function start(binary: string, args: readonly string[], url: string): Promise<void> {
  const child = spawn(binary, args, { stdio: 'ignore' })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), { timeout: 20_000, interval: 50 })
}

function open(url: string, job: object = {}): { target: Target; lines: string[]; scrape: () => Promise<boolean> } {
  const config = collectorConfigSchema.parse({ scrape: { peer: { url, ...job } } }).scrape['peer']
  if (config === undefined) throw new Error('no job')
  const { log, lines } = keptLog()
  const target = new Target({ job: 'peer', url: new URL(url), instance: undefined, config, clock: systemClock, log })
  onTestFinished(() => target.close())
  return { target, lines, scrape: () => target.scrape(AbortSignal.timeout(10_000), 10_000) }
}

/** The gauges and counters of a page by a reading of its own, far simpler: none of these have odd labels. */
function plainReading(page: string): Map<string, number> {
  const parts = [...page.matchAll(/^# TYPE (\S+) (?:histogram|summary)$/gm)].map(([, family]) => family ?? '')
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const alone = lines.filter((line) => !parts.some((family) => new RegExp(`^${family}(?:_bucket|_sum|_count)?[{ ]`).test(line)))
  return new Map(
    alone.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1).replace('Inf', 'Infinity'))]),
  )
}

test.skipIf(nodeExporter === undefined)(
  `node_exporter's page is read to the last sample, in both formats, and every value is the page's${skipped(nodeExporter, 'NODE_EXPORTER')}`,
  async () => {
    const address = `127.0.0.1:${await freePort()}`
    const url = `http://${address}/metrics`
    await start(nodeExporter ?? '', [`--web.listen-address=${address}`], url)
    const page = await (await fetch(url, { headers: { accept: 'text/plain;version=0.0.4' } })).text()
    const still = await servePage(page)
    const plain = plainReading(page)
    const { target, lines, scrape } = open(still.url)
    expect(await scrape()).toBe(true)
    expect(lines).toEqual([])
    const single = target.items.filter((item) => item['value'] !== undefined)
    expect(single.length).toBe(plain.size)
    expect(plain.size).toBeGreaterThan(200)
    const print = ({ metric, value: _value, rate_per_second: _rate, ...labels }: Record<string, unknown>): string => {
      const texts = Object.entries(labels).map(([label, value]) => `${label.replace('exported_', '')}=${JSON.stringify(value)}`)
      return texts.length === 0 ? String(metric) : `${String(metric)}{${texts.toSorted().join(',')}}`
    }
    const ours = new Map(single.map((item) => [print(item), item['value']]))
    const differing = [...plain].filter(([series, value]) => {
      const labels = /\{(.*)\}/.exec(series)?.[1]
      if (labels?.includes('=""') === true) return false
      return ours.get(series) !== (Number.isFinite(value) ? value : null)
    })
    expect(differing).toEqual([])

    const live = open(url, { format: 'openmetrics' })
    expect(await live.scrape()).toBe(true)
    expect(live.lines).toEqual([])
    expect(Math.abs(live.target.items.length - target.items.length)).toBeLessThan(60)
  },
)

test.skipIf(prometheus === undefined)(
  `Prometheus' own page is read, and our rates, quantiles and ratios are the ones it computes${skipped(prometheus, 'PROMETHEUS')}`,
  async () => {
    // Each page adds the same observations, so that quantiles, means and ratios do not depend on who came when.
    const pages = new Map<string, number>()
    const app = await servePage((request, response) => {
      const reader = request.headers['user-agent']?.split('/')[0] ?? ''
      const n = (pages.get(reader) ?? 0) + 1
      pages.set(reader, n)
      const buckets = [3, 9, 40, 71, 96, 100].map(
        (count, index) => `work_seconds_bucket{le="${[0.005, 0.02, 0.1, 0.25, 1, '+Inf'][index]}"} ${count * n}\n`,
      )
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(
        `# TYPE work_seconds histogram\n${buckets.join('')}work_seconds_sum ${18.5 * n}\nwork_seconds_count ${100 * n}\n# TYPE r_total counter\nr_total{code="200"} ${97 * n}\nr_total{code="500"} ${3 * n}\n`,
      )
    })
    const folder = mkdtempSync(join(tmpdir(), 'nightshift-prometheus-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const address = `127.0.0.1:${await freePort()}`
    const target = new URL(app.url).host
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 500ms, scrape_timeout: 400ms }\nscrape_configs: [{ job_name: app, static_configs: [{ targets: ["${target}"] }] }]\n`,
    )
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ]
    await start(prometheus ?? '', args, `http://${address}/-/ready`)

    const quantiles = [0.01, 0.5, 0.9, 0.95, 0.99]
    const ratios = { error_ratio: { numerator: { metric: 'r_total', match: { code: '5*' } }, denominator: { metric: 'r_total' } } }
    const ours = open(app.url, { quantiles, ratios })
    await ours.scrape()
    await ours.scrape()
    const [histogram] = ours.target.items
    const ratio = ours.target.items.find(({ metric }) => metric === 'error_ratio')

    const query = async (text: string): Promise<number> => {
      const url = new URL(`http://${address}/api/v1/query`)
      url.searchParams.set('query', text)
      const answer = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } }
      return Number(answer.data.result[0]?.value[1])
    }
    await vi.waitFor(async () => expect(await query('rate(work_seconds_count[2s])')).toBeGreaterThan(0), { timeout: 15_000, interval: 200 })
    for (const quantile of quantiles) {
      const theirs = await query(`histogram_quantile(${quantile}, rate(work_seconds_bucket[2s]))`)
      expect(Number(histogram?.[`p${quantile * 100}`])).toBeCloseTo(theirs, 5)
    }
    expect(histogram?.['mean']).toBeCloseTo(await query('rate(work_seconds_sum[2s]) / rate(work_seconds_count[2s])'), 5)
    expect(ratio?.['value']).toBeCloseTo(await query('sum(rate(r_total{code=~"5.*"}[2s])) / sum(rate(r_total[2s]))'), 5)

    for (const format of ['prometheus', 'openmetrics', 'auto']) {
      const own = open(`http://${address}/metrics`, { format })
      expect(await own.scrape()).toBe(true)
      expect(own.lines).toEqual([])
      expect(own.target.items).toContainEqual(expect.objectContaining({ metric: 'prometheus_tsdb_head_series', value: expect.any(Number) }))
      expect(own.target.items.filter(({ count_total }) => count_total !== undefined).length).toBeGreaterThan(10)
    }
  },
)
