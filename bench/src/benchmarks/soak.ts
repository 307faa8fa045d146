import { randomBytes } from 'node:crypto'
import { mkdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from '@nightshift/cli/repository'
import { services } from '../../../scripts/bundle.mjs'
import { startBroker } from '../bench-broker.ts'
import { BenchProcess } from '../bench-process.ts'
import type { Benchmark, BenchmarkContext, Figure } from '../benchmark.ts'
import { CostMeter } from '../process-cost.ts'

const settleMs = 15_000
const windowMs = 60_000
const churns = 1000
const readyDeadlineMs = 30_000
const mebibyte = 1024 ** 2
/** Where a container's memory is accounted, by generation of cgroups. */
const accountings = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']

/** Whether memory grows: all groups at 20 Hz while containers come and go. */
export const soak: Benchmark = {
  name: 'soak',
  summary: `memory of the collector at 20 Hz for ${windowMs / 1000} s, while ${churns} container-like cgroups come and go`,
  run: measure,
}

async function measure({ folder, signal, say }: BenchmarkContext): Promise<Record<string, Figure>> {
  const broker = await startBroker()
  const entry = join(repositoryRoot, 'bench/src/soaked-collector.ts')
  const flags = services['collector']?.flags ?? []
  const state = join(folder, 'state')
  mkdirSync(state)
  const started = new BenchProcess('collector', process.execPath, [...flags, entry, broker.server.url, state], folder)
  try {
    await started.until(/soaking/, readyDeadlineMs, signal)
    await delay(settleMs, undefined, { signal })
    const meter = new CostMeter(started.pid)
    const first = meter.read(1)
    const startedMs = performance.now()
    const made = await churnCgroups(signal, say)
    await delay(Math.max(0, windowMs - (performance.now() - startedMs)), undefined, { signal })
    const last = meter.read((performance.now() - startedMs) / 1000)
    return {
      cpu: { value: last.cpuPercent, unit: '% of a core' },
      rss_before: { value: first.rssBytes / mebibyte, unit: 'MiB' },
      rss_after: { value: last.rssBytes / mebibyte, unit: 'MiB' },
      anonymous_before: { value: first.anonymousBytes / mebibyte, unit: 'MiB' },
      anonymous_after: { value: last.anonymousBytes / mebibyte, unit: 'MiB' },
      cgroups: { value: made, unit: '1' },
    }
  } finally {
    await started.end()
    await broker.stop()
  }
}

/** Makes and removes cgroups that look like those of Docker, spread over the window. Returns how many. */
async function churnCgroups(signal: AbortSignal, say: (line: string) => void): Promise<number> {
  const root = accountings.find(isFolder)
  const parent = root === undefined ? undefined : join(root, `docker-nightshift-soak-${process.pid}`)
  if (parent === undefined || !tryTo(() => mkdirSync(parent))) {
    say('skipped: no cgroups can be made here (needs root and a writable /sys/fs/cgroup)')
    return 0
  }
  let made = 0
  try {
    for (; made < churns; made++) {
      const group = join(parent, `docker-${randomBytes(32).toString('hex')}.scope`)
      mkdirSync(group)
      await delay(windowMs / churns, undefined, { signal })
      rmdirSync(group)
    }
    return made
  } finally {
    tryTo(() => rmdirSync(parent))
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function tryTo(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
