import { setTimeout as delay } from 'node:timers/promises'
import { filterSubject } from '@nightshift/shared/subjects'
import { Arrivals } from '../arrivals.ts'
import { startBroker } from '../bench-broker.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { BundledCollectors } from '../bundled-collector.ts'
import { findCollectd, startCollectd } from '../collectd.ts'
import { findNodeExporter, ScrapedNodeExporter } from '../node-exporter.ts'
import { CostMeter, type Cost } from '../process-cost.ts'
import { besidePeer } from '../report.ts'

/** `core` is the cadence of cpu, load, mem, disk and net; the other groups are read each 10 s, or as often as the core when that is slower. */
const cadences = { '1s': 1000, '10s': 10_000, '250ms': 250 } as const
const peerCadences = { '1s': 1000, '10s': 10_000 } as const
/** Past the first inventory, which costs some seconds of processor time once, 15 s after the start. */
const settleMs = 45_000
const windowMs = 60_000
const mebibyte = 1024 ** 2

/** What watching a host costs it. */
export const collector: Benchmark = {
  name: 'collector',
  summary: `the bundled collector at 1 s, 10 s and 250 ms beside node_exporter and collectd, all at once for ${windowMs / 1000} s`,
  run: measure,
}

/** A program under measurement, and how to end it. */
interface Measured {
  name: string
  pid: number
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const ending: (() => Promise<void>)[] = []
  try {
    const broker = await startBroker()
    ending.push(async () => await broker.stop())
    say(`nats-server ${broker.server.version}`)
    const bundled = await BundledCollectors.build(folder)
    ending.push(async () => await bundled.end())
    const measured: Measured[] = []
    for (const [name, everyMs] of Object.entries(cadences)) {
      const natsUrl = broker.server.url
      const process = await bundled.start({ folder, host: `bench-${name}`, natsUrl, collector: { every: `${everyMs}ms` }, signal })
      measured.push({ name, pid: process.pid })
    }
    measured.push(...(await startPeers(context, ending)))
    const messages = new Arrivals(broker.admin, filterSubject('metric', { host: 'bench-1s' }))
    await messages.ready()
    say(`settling for ${settleMs / 1000} s, then measuring for ${windowMs / 1000} s`)
    await delay(settleMs, undefined, { signal })
    const costs = await costsOf([...measured, { name: 'broker', pid: broker.server.pid }], messages, signal)
    return figuresOf(costs)
  } finally {
    for (const end of ending.toReversed()) await end()
  }
}

async function startPeers({ folder, signal, say }: BenchmarkContext, ending: (() => Promise<void>)[]): Promise<Measured[]> {
  const peers: Measured[] = []
  const nodeExporter = findNodeExporter(process.env)
  const collectd = findCollectd(process.env)
  if (nodeExporter === undefined) say('skipped: node_exporter not found (name one in NODE_EXPORTER, or put it on PATH)')
  if (collectd === undefined) say('skipped: collectd not found (name one in COLLECTD, or put it on PATH)')
  for (const [name, everyMs] of Object.entries(peerCadences)) {
    if (nodeExporter !== undefined) {
      const scraped = await ScrapedNodeExporter.start(nodeExporter, folder, everyMs, signal)
      ending.push(async () => await scraped.stop())
      peers.push({ name: `node_exporter_${name}`, pid: scraped.process.pid })
    }
    if (collectd !== undefined) {
      const started = await startCollectd(collectd, folder, everyMs, signal)
      ending.push(async () => void (await started.end()))
      peers.push({ name: `collectd_${name}`, pid: started.pid })
    }
  }
  return peers
}

interface Costs {
  of: ReadonlyMap<string, Cost>
  messagesPerSecond: number
}

async function costsOf(measured: readonly Measured[], messages: Arrivals, signal: AbortSignal): Promise<Costs> {
  const startedMs = performance.now()
  const meters = measured.map(({ name, pid }) => ({ name, meter: new CostMeter(pid) }))
  const before = messages.count
  await delay(windowMs, undefined, { signal })
  const seconds = (performance.now() - startedMs) / 1000
  const of = new Map(meters.map(({ name, meter }) => [name, meter.read(seconds)]))
  return { of, messagesPerSecond: (messages.count - before) / seconds }
}

function figuresOf({ of, messagesPerSecond }: Costs): Record<string, Figure> {
  const figures: Record<string, Figure> = {}
  for (const name of Object.keys(cadences)) {
    const own = of.get(name)
    if (own === undefined) continue
    const peer = of.get(`node_exporter_${name}`)
    figures[`cpu_${name}`] = beside({ value: own.cpuPercent, unit: '% of a core' }, peer?.cpuPercent)
    figures[`rss_${name}`] = beside({ value: own.rssBytes / mebibyte, unit: 'MiB' }, peer && peer.rssBytes / mebibyte)
    figures[`anonymous_${name}`] = beside({ value: own.anonymousBytes / mebibyte, unit: 'MiB' }, peer && peer.anonymousBytes / mebibyte)
  }
  for (const [name, cost] of of) {
    if (!name.startsWith('collectd_') && name !== 'broker') continue
    figures[`${name}_cpu`] = { value: cost.cpuPercent, unit: '% of a core' }
    figures[`${name}_rss`] = { value: cost.rssBytes / mebibyte, unit: 'MiB' }
  }
  figures['messages_1s'] = { value: messagesPerSecond, unit: '1/s' }
  return figures
}

function beside(figure: Figure, peer: number | undefined): Figure {
  return peer === undefined ? figure : besidePeer(figure, peer)
}
