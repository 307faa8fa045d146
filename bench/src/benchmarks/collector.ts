import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import { filterSubject } from '@nightshift/shared/subjects'
import { Arrivals } from '../arrivals.ts'
import { startBroker, type BenchBroker } from '../bench-broker.ts'
import { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { endAll, writeConfig } from '../measured-services.ts'
import { findNodeExporter, ScrapedNodeExporter } from '../node-exporter.ts'
import { CostMeter, type Cost } from '../process-cost.ts'
import { besidePeer } from '../report.ts'

const entry = join(repositoryRoot, 'services/collector/src/main.ts')
/** As recommended in that file. */
const flags = ['--max-semi-space-size=1', '--max-old-space-size=32', '--optimize-for-size', '--v8-pool-size=0', '--single-threaded']
const host = 'bench-1'
const cachedHost = 'bench-2'
const everyMs = 1000
const settleMs = 10_000
const windowMs = 60_000
const readyDeadlineMs = 30_000
const mebibyte = 1024 ** 2

/** What watching a host costs it. */
export const collector: Benchmark = {
  name: 'collector',
  summary: `the collector alone, all groups every ${everyMs / 1000} s, for ${windowMs / 1000} s, beside node_exporter scraped as often`,
  run: measure,
}

interface Measured {
  broker: BenchBroker
  /** From the sources, each of whose files Node strips of its types at the start. */
  plain: BenchProcess
  /** The same, with what Node had stripped and compiled at an earlier start. */
  cached: BenchProcess
  peer: ScrapedNodeExporter | undefined
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const binary = findNodeExporter(process.env)
  if (binary === undefined) say('skipped: node_exporter not found (name one in NODE_EXPORTER, or put it on PATH)')
  const broker = await startBroker()
  say(`nats-server ${broker.server.version}`)
  const { url } = broker.server
  const processes: BenchProcess[] = []
  const startCollector = async (name: string, env: NodeJS.ProcessEnv): Promise<BenchProcess> => {
    const own = join(folder, name)
    mkdirSync(own, { recursive: true })
    const file = writeConfig('collector', { folder: own, host: name, natsUrl: url, sections: { collector: { every: `${everyMs}ms` } } })
    const started = new BenchProcess(`collector of ${name}`, process.execPath, [...flags, entry, '--config', file], own, env)
    processes.push(started)
    await started.until(/connected to the bus/, readyDeadlineMs, signal)
    return started
  }
  let peer: ScrapedNodeExporter | undefined
  try {
    const compiled = { NODE_COMPILE_CACHE: join(folder, 'compile') }
    // Fills the cache, which is written at the end of a process.
    await (await startCollector(cachedHost, compiled)).end()
    const plain = await startCollector(host, { NODE_COMPILE_CACHE: undefined })
    const cached = await startCollector(cachedHost, compiled)
    if (binary !== undefined) peer = await ScrapedNodeExporter.start(binary, folder, everyMs, signal)
    return await measureAll(context, { broker, plain, cached, peer })
  } finally {
    await peer?.stop()
    await endAll(processes)
    await broker.stop()
  }
}

async function measureAll({ signal, say }: BenchmarkContext, measured: Measured): Promise<Record<string, Figure>> {
  const { broker, plain, cached, peer } = measured
  const messages = new Arrivals(broker.admin, filterSubject('metric', { host }))
  await messages.ready()
  say(`settling for ${settleMs / 1000} s, then measuring for ${windowMs / 1000} s`)
  await delay(settleMs, undefined, { signal })

  const startedMs = performance.now()
  const meters = {
    plain: new CostMeter(plain.pid),
    cached: new CostMeter(cached.pid),
    broker: new CostMeter(broker.server.pid),
    peer: peer && new CostMeter(peer.process.pid),
  }
  const messagesBefore = messages.count
  const scrapesBefore = peer?.answered
  await delay(windowMs, undefined, { signal })
  const seconds = (performance.now() - startedMs) / 1000
  const theirs = meters.peer?.read(seconds)
  const beside = (prefix: string, own: Cost): Record<string, Figure> => ({
    [`${prefix}cpu`]: withPeer({ value: own.cpuPercent, unit: '% of a core' }, theirs?.cpuPercent),
    [`${prefix}rss`]: withPeer({ value: own.rssBytes / mebibyte, unit: 'MiB' }, theirs && theirs.rssBytes / mebibyte),
    [`${prefix}anonymous`]: withPeer({ value: own.anonymousBytes / mebibyte, unit: 'MiB' }, theirs && theirs.anonymousBytes / mebibyte),
  })
  const perSecond = (count: number, unit: string): Figure => ({ value: count / seconds, unit })
  const scraped = peer?.answered
  return {
    ...beside('', meters.plain.read(seconds)),
    ...beside('compile_cache_', meters.cached.read(seconds)),
    messages: perSecond(messages.count - messagesBefore, '1/s'),
    broker_cpu: { value: meters.broker.read(seconds).cpuPercent, unit: '% of a core' },
    ...(scraped === undefined || scrapesBefore === undefined
      ? {}
      : {
          peer_scrapes: perSecond(scraped.scrapes - scrapesBefore.scrapes, '1/s'),
          peer_scraped: perSecond(scraped.bytes - scrapesBefore.bytes, 'bytes/s'),
        }),
  }
}

function withPeer(figure: Figure, peer: number | undefined): Figure {
  return peer === undefined ? figure : besidePeer(figure, peer)
}
