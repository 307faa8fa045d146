import { parseArgs } from 'node:util'
import { exitCodes } from './exit-codes.ts'
import { runService, type ReadConfig } from './run-service.ts'
import type { ServiceDefinition } from './service.ts'

/**
 * All that the `main.ts` of a service does:
 *
 *     await runMain(alerter, (file) => readAlerterConfig(file), version)
 *
 * Reads the flags, runs the service until it is told to stop, and ends the process with one of the exit codes of exit-codes.ts.
 */
export async function runMain<C>(definition: ServiceDefinition<C>, readConfig: ReadConfig<C>, version: string): Promise<never> {
  const flags = readFlags(process.argv.slice(2))
  if (typeof flags === 'string') {
    process.stderr.write(`${definition.name}: ${flags}\n${usageOf(definition)}`)
    process.exit(exitCodes.usage)
  }
  if (flags.help === true || flags.version === true) {
    process.stdout.write(
      flags.help === true ? usageOf(definition) : `nightshift ${definition.name} ${version} on Node ${process.versions.node}\n`,
    )
    process.exit(exitCodes.stopped)
  }
  // Not by process.exitCode: work that was left behind at the deadline would keep the process alive.
  process.exit(await runService({ definition, readConfig, file: flags.config, version }))
}

function readFlags(args: string[]): { config?: string; help?: boolean; version?: boolean } | string {
  try {
    return parseArgs({
      args,
      options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function usageOf({ name, description, port }: Pick<ServiceDefinition<unknown>, 'name' | 'description' | 'port'>): string {
  return `nightshift ${name}: ${description}

  --config FILE   configuration (YAML); without it, the defaults
  --version       print the version
  --help          print this

HTTP on 127.0.0.1:${port} unless configured: /livez /readyz /metrics /health
SIGINT, SIGTERM: stop within 5 s (a second Ctrl-C: at once). SIGHUP: read the configuration again.
Exit codes: ${exitCodes.stopped} stopped as told, ${exitCodes.refused} cannot run (see the message), ${exitCodes.usage} wrong flags, ${exitCodes.crashed} crashed, ${exitCodes.forced} forced
`
}
