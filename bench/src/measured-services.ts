import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '@nightshift/cli/repository'
import { BenchProcess } from './bench-process.ts'

const commandLine = join(repositoryRoot, 'packages/cli/src/main.ts')
const readyDeadlineMs = 30_000

/** What each says when it does its work. */
const atWork = {
  collector: /connected to the bus/,
  alerter: /the alerter is at work/,
  healer: /connected to the bus/,
} as const

export type MeasuredService = keyof typeof atWork

export interface ServiceOptions {
  folder: string
  host: string
  natsUrl: string
  /** The section of the service, and those that it refers to. */
  sections: Record<string, unknown>
  /** The default is 30 s; who has much to read takes longer. */
  readyDeadlineMs?: number
}

/** Writes the configuration file of a service; returns its path. */
export function writeConfig(service: MeasuredService, { folder, host, natsUrl, sections }: ServiceOptions): string {
  const file = join(folder, `${service}.yaml`)
  const config = { host, state_dir: join(folder, 'state', service), nats: { servers: [natsUrl] }, http: { port: 0 }, ...sections }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return file
}

/** `nightshift run SERVICE` in processes of their own, as units and images start them. Resolves when all are at work. */
export async function startServices(
  services: readonly MeasuredService[],
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<BenchProcess[]> {
  const started = services.map((service) => {
    const args = [commandLine, 'run', service, '--config', writeConfig(service, options)]
    return { service, process: new BenchProcess(service, process.execPath, args, options.folder) }
  })
  const processes = started.map((each) => each.process)
  try {
    await Promise.all(
      started.map(({ service, process }) => process.until(atWork[service], options.readyDeadlineMs ?? readyDeadlineMs, signal)),
    )
    return processes
  } catch (error) {
    await endAll(processes)
    throw error
  }
}

export async function endAll(processes: readonly BenchProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.end()))
}
