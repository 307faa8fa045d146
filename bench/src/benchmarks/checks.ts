import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import { filterSubject } from '@nightshift/shared/subjects'
import { freePort } from '@nightshift/test-servers/nats'
import { startBroker, type BenchBroker } from '../bench-broker.ts'
import { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { CheckCounts } from '../checks/check-counts.ts'
import { mixedChecks, mixture } from '../checks/mixed-checks.ts'
import { endAll, writeConfig } from '../measured-services.ts'
import { CostMeter } from '../process-cost.ts'

const entry = join(repositoryRoot, 'services/collector/src/main.ts')
const targets = join(repositoryRoot, 'bench/src/checks/targets.ts')
/** As recommended in collector's main.ts. */
const flags = ['--max-semi-space-size=1', '--max-old-space-size=32', '--optimize-for-size', '--v8-pool-size=0', '--single-threaded']
const checkingHost = 'bench-checks'
const idleHost = 'bench-idle'
/** What is taken once an hour by a program of its own would fall into the window of one collector, or of the other. */
const groups = { inventory: { enabled: false } }
/** Longer than one round of all checks. */
const settleMs = 15_000
const windowMs = 60_000
const readyDeadlineMs = 30_000
const mebibyte = 1024 ** 2

const mixtureText = Object.entries(mixture)
  .map(([kind, count]) => `${count} ${kind}`)
  .join(', ')

/** What a hundred checks cost the host they are made from. */
export const checks: Benchmark = {
  name: 'checks',
  summary: `100 checks every 10 s (${mixtureText}) for ${windowMs / 1000} s, beside a collector without any`,
  run: measure,
}

async function measure(context: BenchmarkContext): Promise<Record<string, Figure>> {
  const { folder, signal, say } = context
  const broker = await startBroker()
  const processes: BenchProcess[] = []
  const start = async (name: string, args: readonly string[], ready: RegExp): Promise<BenchProcess> => {
    const own = join(folder, name)
    mkdirSync(own, { recursive: true })
    const started = new BenchProcess(name, process.execPath, args, own)
    processes.push(started)
    await started.until(ready, readyDeadlineMs, signal)
    return started
  }
  const startCollector = async (host: string, section: Record<string, unknown>): Promise<BenchProcess> => {
    mkdirSync(join(folder, host), { recursive: true })
    const config = {
      folder: join(folder, host),
      host,
      natsUrl: broker.server.url,
      sections: { collector: { every: '10s', groups, ...section } },
    }
    return await start(host, [...flags, entry, '--config', writeConfig('collector', config)], /connected to the bus/)
  }
  try {
    const ports = {
      http: await freePort(),
      tcp: await freePort(),
      tls: makeCertificate(folder) ? await freePort() : 0,
      dns: await freePort(),
    }
    if (ports.tls === 0) say('skipped: no openssl on PATH, so http checks take the place of those of TLS')
    await start('targets', [targets, Object.values(ports).join(','), folder], /targets are up/)
    const file = join(folder, 'state.json')
    writeFileSync(file, '{"status":"up"}')
    const idle = await startCollector(idleHost, {})
    const checking = await startCollector(checkingHost, { checks: mixedChecks(ports, file) })
    return await measureBoth(context, broker, idle, checking)
  } finally {
    await endAll(processes)
    await broker.stop()
  }
}

async function measureBoth(
  { signal, say }: BenchmarkContext,
  broker: BenchBroker,
  idle: BenchProcess,
  checking: BenchProcess,
): Promise<Record<string, Figure>> {
  const counts = new CheckCounts(broker.admin, filterSubject('check', { host: checkingHost }))
  await counts.ready()
  say(`settling for ${settleMs / 1000} s, then measuring for ${windowMs / 1000} s`)
  await delay(settleMs, undefined, { signal })
  const startedMs = performance.now()
  const meters = { idle: new CostMeter(idle.pid), checking: new CostMeter(checking.pid) }
  const before = counts.read()
  await delay(windowMs, undefined, { signal })
  const seconds = (performance.now() - startedMs) / 1000
  const [own, without, after] = [meters.checking.read(seconds), meters.idle.read(seconds), counts.read()]
  const runs = after.runs - before.runs
  return {
    cpu: { value: own.cpuPercent, unit: '% of a core' },
    cpu_without_checks: { value: without.cpuPercent, unit: '% of a core' },
    cpu_of_checks: { value: own.cpuPercent - without.cpuPercent, unit: '% of a core' },
    cpu_per_check: { value: runs === 0 ? Number.NaN : ((own.cpuPercent - without.cpuPercent) * 10 * seconds) / runs, unit: 'ms' },
    rss: { value: own.rssBytes / mebibyte, unit: 'MiB' },
    rss_without_checks: { value: without.rssBytes / mebibyte, unit: 'MiB' },
    anonymous: { value: own.anonymousBytes / mebibyte, unit: 'MiB' },
    anonymous_without_checks: { value: without.anonymousBytes / mebibyte, unit: 'MiB' },
    runs: { value: runs / seconds, unit: '1/s' },
    failed_runs: { value: after.failed - before.failed, unit: 'runs' },
  }
}

/** A certificate for the targets, where there is `openssl` to make one. */
function makeCertificate(folder: string): boolean {
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  return spawnSync('openssl', ['req', '-x509', ...key, '-days', '60', '-subj', '/CN=bench', ...files]).status === 0
}
