import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { stringify } from 'yaml'
import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { startNats } from '@nightshift/test-servers/nats'
import type { Campaign, CampaignContext, Outcome } from './campaign.ts'
import { readStream } from './read-stream.ts'
import { RotatedLog } from './rotated-log.ts'
import { startProcess, waitUntil, type ServiceProcess } from './service-process.ts'

const host = 'campaign-1'
const rotations = 10
/** Emptied in place instead of renamed. */
const copied = [3, 8]
/** The collector is killed in the middle of this part of the log, and comes back when the next one is being written. */
const killedIn = 5
const mebibyte = 1024 * 1024
/** About what a busy application writes; slower than the tail, so that the kill falls into the middle of it. */
const fastest = 24 * mebibyte

/** A log of so many MiB is rotated ten times while it is written; the collector is killed with -9 in the middle and started again. */
export function logRotationOf(name: string, sizeMebibytes: number, shortestSeconds = 10): Campaign {
  return {
    name,
    summary: `${sizeMebibytes} MiB of log rotated ${rotations} times, the collector killed with -9: every line counted once`,
    run: async (context) => await runCampaign(context, sizeMebibytes * mebibyte, shortestSeconds),
  }
}

/** What the collector said about the log, as anybody on the bus sees it. */
interface Told {
  lines: number
  levels: number
  numbers: number
  rotations: number
  truncations: number
  lost: number
  /** Times that a counter was smaller than before. */
  falls: number
}

async function runCampaign({ folder, say }: CampaignContext, sizeBytes: number, shortestSeconds: number): Promise<Outcome> {
  const server = await startNats()
  const connection = await connect({ servers: server.url })
  await bootstrap(connection, baseConfigSchema.parse({}).streams)
  mkdirSync(join(folder, 'log'))
  const log = new RotatedLog(join(folder, 'log', 'app.log'), Math.min(fastest, sizeBytes / shortestSeconds))
  const told = listen(connection)
  const config = join(folder, 'collector.yaml')
  writeFileSync(config, stringify(configOf(folder, server.url, log.path)))
  let collector = startProcess('collector', ['run', 'collector', '--config', config], folder)
  const costs: Cost[] = []
  let saved = 0
  let published = 0
  const startedMs = performance.now()
  try {
    await waitUntil('the collector reads the log', () => told.seen > 0, 30_000)
    for (let part = 0; part <= rotations; part++) {
      if (part === killedIn) {
        await log.grow(sizeBytes / (rotations + 1) / 2)
        costs.push(costOf(collector))
        await collector.kill('SIGKILL')
        await delay(300)
        saved = savedLines(folder)
        published = told.lines
        say(`killed after ${log.lines} lines were written; ${saved} were saved, ${published} were published`)
        await log.grow(sizeBytes / (rotations + 1) / 2)
      } else {
        await log.grow(sizeBytes / (rotations + 1))
      }
      if (part === rotations) break
      if (copied.includes(part)) log.copyTruncate()
      else log.rotate()
      if (part === killedIn + 1) collector = startProcess('collector', ['run', 'collector', '--config', config], folder)
    }
    const writtenMs = performance.now()
    say(`${log.lines} lines written in ${((writtenMs - startedMs) / 1000).toFixed(1)} s`)
    await waitUntil('all lines are counted', () => told.lines >= log.lines, 120_000).catch(() => undefined)
    const behindSeconds = (performance.now() - writtenMs) / 1000
    // Whatever is counted twice shows within two more readings.
    await delay(2500)
    costs.push(costOf(collector))
    const shipped = await waitForShipped(connection, log.warnings)
    const { seen: _, ...counted } = told
    return {
      facts: {
        mebibytes: Math.round(log.bytes / mebibyte),
        lines: log.lines,
        lines_counted: told.lines,
        lines_by_level: told.levels,
        lines_twice: told.lines - log.lines,
        sum_of_numbers_off: told.numbers - log.numbers,
        saved_at_kill: saved,
        published_at_kill: published,
        rotations: log.rotations,
        copytruncates: log.copies,
        warnings: log.warnings,
        shipped: shipped.distinct,
        shipped_twice: shipped.copies,
        caught_up_seconds: behindSeconds.toFixed(1),
        cpu_seconds: costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0).toFixed(1),
        rss_mebibytes: Math.round(Math.max(...costs.map(({ rssBytes }) => rssBytes)) / mebibyte),
      },
      violations: judge(log, counted, shipped, { saved, published }),
    }
  } finally {
    await collector.kill('SIGTERM')
    await connection.close()
    await server.stop()
  }
}

function judge(log: RotatedLog, told: Told, shipped: Shipped, atKill: { saved: number; published: number }): string[] {
  const expect = (holds: boolean, violation: string): string[] => (holds ? [] : [violation])
  return [
    ...expect(told.lines === log.lines, `${log.lines} lines were written and ${told.lines} were counted`),
    ...expect(told.levels === log.lines, `the levels of ${told.levels} lines were counted`),
    ...expect(told.numbers === log.numbers, `the sum of the line numbers is off by ${told.numbers - log.numbers}`),
    ...expect(told.falls === 0, `a counter fell ${told.falls} times`),
    ...expect(told.lost === 0, `${told.lost} files were not read to their end`),
    ...expect(atKill.published <= atKill.saved, `${atKill.published} lines were published, but only ${atKill.saved} were saved`),
    ...expect(atKill.saved < log.lines && atKill.saved > 0, 'the kill did not fall into the middle'),
    ...expect(shipped.distinct === log.warnings, `${log.warnings} warnings were written and ${shipped.distinct} were shipped`),
  ]
}

function listen(connection: NatsConnection): Told & { seen: number } {
  const told = { seen: 0, lines: 0, levels: 0, numbers: 0, rotations: 0, truncations: 0, lost: 0, falls: 0 }
  connection.subscribe(`ops.metric.${host}.log_app`, {
    callback: (error, message) => {
      if (error !== null) return
      const { fields, items } = message.json<MetricEvent>()
      const field = (name: string): number => Number(fields?.[name] ?? 0)
      const levels = (items ?? [])
        .filter((item) => item['kind'] === 'level')
        .reduce((sum, item) => sum + Number(item['lines_total'] ?? 0), 0)
      const next = { lines: field('lines_total'), levels, numbers: field('response_bytes_total') }
      if (next.lines < told.lines || next.levels < told.levels || next.numbers < told.numbers) told.falls++
      Object.assign(told, next, {
        rotations: field('rotations_total'),
        truncations: field('truncations_total'),
        lost: field('files_lost_total'),
      })
      told.seen++
    },
  })
  return told
}

interface Shipped {
  distinct: number
  copies: number
}

async function waitForShipped(connection: NatsConnection, expected: number): Promise<Shipped> {
  let shipped: Shipped = { distinct: 0, copies: 0 }
  await waitUntil(
    'all warnings are shipped',
    async () => {
      const stored = await readStream(connection, 'LOGS', `ops.log.${host}.app.warning`)
      const requests = stored.map(({ event }) => String(event['request_id']))
      shipped = { distinct: new Set(requests).size, copies: requests.length - new Set(requests).size }
      return shipped.distinct >= expected
    },
    30_000,
  ).catch(() => undefined)
  return shipped
}

function savedLines(folder: string): number {
  const saved = JSON.parse(readFileSync(join(folder, 'state', 'logs', 'app.json'), 'utf8')) as { counts: { lines: number } }
  return saved.counts.lines
}

interface Cost {
  cpuSeconds: number
  rssBytes: number
}

/** What a process has used so far; the clock of the kernel ticks 100 times a second. */
function costOf(process: ServiceProcess): Cost {
  const stat = readFileSync(`/proc/${process.pid}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return { cpuSeconds: (user + system) / 100, rssBytes: process.rssBytes() }
}

function configOf(folder: string, natsUrl: string, path: string): object {
  return {
    host,
    state_dir: join(folder, 'state'),
    nats: { servers: [natsUrl] },
    http: { port: 0 },
    collector: {
      every: '10s',
      slow_every: '1m',
      logs: { app: { files: [path], start_at: 'beginning', every: '1s', format: 'json', ship: { stream: true, min_level: 'warning' } } },
    },
  }
}
