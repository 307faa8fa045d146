import type { CgroupUsage } from '../cgroups/cgroup-usage.ts'
import { knownFields, shareOf, times, type Known } from '../sources/known-fields.ts'
import { ratesPerSecond, round } from '../sources/rates.ts'
import { label, type Item } from '../sources/source.ts'
import type { ContainerFacts } from './container-facts.ts'
import type { Counts } from './counts.ts'

/** The counters whose growth per second is told. */
export type Grown = Readonly<Record<'cpuSeconds' | 'periods' | 'throttledPeriods' | 'readBytes' | 'writtenBytes', number>>

/** A counter that cannot be read takes no part in the rates: as 0 it never grows, and its rate is left out. */
export function grownOf(usage: CgroupUsage): Grown {
  return {
    cpuSeconds: usage.cpuSeconds ?? 0,
    periods: usage.periods ?? 0,
    throttledPeriods: usage.throttledPeriods ?? 0,
    readBytes: usage.readBytes ?? 0,
    writtenBytes: usage.writtenBytes ?? 0,
  }
}

export interface ContainerLook {
  readonly facts: ContainerFacts
  readonly counts: Counts
  /** Undefined when it has no control group: it does not run. */
  readonly usage: CgroupUsage | undefined
  readonly previous: Grown | undefined
  readonly intervalSeconds: number | null
  readonly nowMs: number
}

export function containerItem({ facts, counts, usage, previous, intervalSeconds, nowMs }: ContainerLook): Item {
  const isRunning = facts.isRunning ?? usage !== undefined
  return {
    name: label(facts.name),
    runtime: label(facts.runtime),
    image: label(facts.image),
    namespace: label(facts.namespace),
    pod: label(facts.pod),
    running: isRunning ? 1 : 0,
    ...(facts.isHealthy === undefined || !isRunning ? {} : { healthy: facts.isHealthy === null ? null : Number(facts.isHealthy) }),
    ...(facts.exitCode === undefined || isRunning ? {} : { exit_code: facts.exitCode }),
    ...(facts.startedMs === undefined || !isRunning ? {} : { uptime_seconds: round(Math.max(0, nowMs - facts.startedMs) / 1000) }),
    ...(counts.restarts === undefined ? {} : { restarts_total: counts.restarts }),
    oom_kills_total: counts.oomKills,
    ...(usage === undefined ? {} : usageFields(usage, ratesPerSecond(previous, grownOf(usage), intervalSeconds))),
  }
}

function usageFields(usage: CgroupUsage, rates: Record<keyof Grown, number | null>): Item {
  const periods = rates.periods
  return knownFields({
    cpu_seconds_total: times(usage.cpuSeconds, 1),
    cpu_seconds_per_second: alike(usage.cpuSeconds, rates.cpuSeconds),
    cpu_limit_cores: times(usage.cpuLimitCores, 1),
    cpu_used_ratio: shareOf(rates.cpuSeconds, usage.cpuLimitCores),
    cpu_throttled_seconds_total: usage.cpuLimitCores === undefined ? undefined : times(usage.throttledSeconds, 1),
    cpu_throttled_ratio:
      usage.cpuLimitCores === undefined || rates.throttledPeriods === null
        ? alike(usage.cpuLimitCores, null)
        : periods === 0
          ? 0
          : shareOf(rates.throttledPeriods, periods),
    memory_used_bytes: usage.memoryBytes,
    memory_limit_bytes: usage.memoryLimitBytes,
    memory_used_ratio: shareOf(usage.memoryBytes, usage.memoryLimitBytes),
    pids: usage.pids,
    pids_limit: usage.pidsLimit,
    pids_used_ratio: shareOf(usage.pids, usage.pidsLimit),
    read_bytes_total: usage.readBytes,
    written_bytes_total: usage.writtenBytes,
    read_bytes_per_second: alike(usage.readBytes, rates.readBytes),
    written_bytes_per_second: alike(usage.writtenBytes, rates.writtenBytes),
  })
}

/** A value that is there when the one it was made from is. */
function alike(origin: Known, value: number | null): Known {
  return typeof origin === 'number' ? value : origin
}
