import { ContractError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { CheckEvent } from '@nightshift/shared/events/check'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { RunningService, ServiceContext, ServiceDefinition } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import { checkEvent } from './checks/runs/check-event.ts'
import type { Run } from './checks/runs/check-runner.ts'
import { CheckSet } from './checks/runs/check-set.ts'
import type { CheckConfig, CollectorConfig } from './config.ts'
import { GroupSet } from './groups/group-set.ts'
import { metricEvents } from './groups/metric-message.ts'
import { HealthBook } from './health/health-book.ts'
import type { Thresholds } from './health/transition.ts'
import { selfMetrics } from './metrics.ts'
import { roomDefinitions } from './rooms/registry.ts'
import { RoomSet } from './rooms/room-set.ts'
import { hostPaths, type HostPaths } from './procfs/host-paths.ts'
import { sourcesFor } from './sources/registry.ts'
import type { Reading } from './sources/source.ts'

/** The machine that is watched. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly paths: HostPaths
}

export const collector: ServiceDefinition<CollectorConfig> = collectorOf({ platform: process.platform, paths: hostPaths(process.env) })

/**
 * The collector of a machine. Out go `ops.metric.<host>.<group>` and `ops.check.<host>.<check>`, which may be lost, and
 * `ops.health.<host>.<check>`, which may not; in comes only `ops.rpc.collector.<host>.check`.
 */
export function collectorOf(machine: Machine): ServiceDefinition<CollectorConfig> {
  return {
    name: 'collector',
    port: 8471,
    description: 'Metrics of this host, and checks made from it',
    start: async (context) => await start(context, machine),
  }
}

async function start(context: ServiceContext<CollectorConfig>, machine: Machine): Promise<RunningService<CollectorConfig>> {
  const { bus, clock, host, log, source } = context
  const origin = { host, source }
  const health = await HealthBook.open({
    stateDir: context.stateDir,
    origin,
    log,
    publish: async (event) => await bus.publishEvent(buildSubject({ kind: 'health', host, check: event.check }, bus.namespace), event),
  })
  const metricListeners = new Set<(event: MetricEvent) => void>()
  const publishMetrics = (group: string, reading: Reading, epochMs: number, intervalSeconds: number | null): void => {
    const subject = buildSubject({ kind: 'metric', host, group }, bus.namespace)
    for (const event of metricEvents(origin, epochMs, group, reading, intervalSeconds)) {
      bus.publishMetric(subject, event)
      for (const listener of metricListeners) listener(event)
    }
  }
  const groups = new GroupSet({
    registry: await sourcesFor(machine.platform),
    host: machine.paths,
    clock,
    log,
    publish: publishMetrics,
  })
  const report = (name: string, kind: string, thresholds: Thresholds, run: Run): CheckEvent => {
    const id = newId(run.epochMs)
    const correlationId = health.note(name, kind, { eventId: id, ok: run.outcome.ok, error: run.outcome.error }, thresholds, run.epochMs)
    const event = checkEvent(origin, id, correlationId, name, kind, run)
    bus.publishMetric(buildSubject({ kind: 'check', host, check: name }, bus.namespace), event)
    return event
  }
  const checks = new CheckSet<CheckEvent>({
    hostName: host,
    host: machine.paths,
    clock,
    report: (name: string, config: CheckConfig, run: Run) => report(name, config.kind, config, run),
  })
  const rooms = new RoomSet(roomDefinitions, {
    host: machine.paths,
    origin,
    clock,
    log,
    bus,
    stateDir: context.stateDir,
    publishMetrics,
    reportCheck: (name, kind, run) => void report(name, kind, { failures: 1, successes: 1 }, run),
    onMetric(listener) {
      metricListeners.add(listener)
      return () => void metricListeners.delete(listener)
    },
  })
  const apply = async (config: CollectorConfig): Promise<void> => {
    await groups.apply(config)
    await checks.apply(config.checks)
    await rooms.apply(config)
    const kept = new Set([...Object.keys(config.checks), ...rooms.checkNames()])
    for (const name of health.names()) if (!kept.has(name)) health.remove(name, clock.now())
  }
  await apply(context.config)
  bus.serve([
    {
      verb: 'check',
      description: 'Runs a check of this host now and gives its result: {"check": "<name>"}',
      handle: async (request) => await checks.run(checkName(request)),
    },
  ])
  return {
    notReady: () => (health.trouble() === '' ? [] : [health.trouble()]),
    self: () => ({ ...selfMetrics(groups.readers, checks, health.counts()), ...rooms.self() }),
    reload: apply,
    async stop() {
      groups.stop()
      await checks.stop()
      await rooms.stop()
      await health.stop()
    },
  }
}

function checkName(request: unknown): string {
  const name = typeof request === 'object' && request !== null && 'check' in request ? request.check : undefined
  if (typeof name !== 'string') throw new ContractError('bad_request', 'say which check to run: {"check": "<name>"}')
  return name
}
