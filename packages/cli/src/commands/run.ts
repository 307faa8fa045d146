import { ConfigError } from '@nightshift/shared/errors'
import type { Command } from './command.ts'

const mains: Record<string, () => Promise<unknown>> = {
  collector: () => import('@nightshift/collector/main'),
  alerter: () => import('@nightshift/alerter/main'),
  backup: () => import('@nightshift/backup/main'),
  healer: () => import('@nightshift/healer/main'),
  reporter: () => import('@nightshift/reporter/main'),
}

const usage = `nightshift run SERVICE [--config FILE]
  services: ${Object.keys(mains).join(', ')}`

/** One service in the foreground, as the images and units start it: its main.ts takes over, flags, signals, exit code and all. */
export const run: Command = {
  usage,
  run: async ([service = '', ...args]) => {
    const main = Object.hasOwn(mains, service) ? mains[service] : undefined
    if (main === undefined) throw new ConfigError('usage', `say which service\nusage: ${usage}`)
    process.argv.splice(2, process.argv.length, ...args)
    await main()
    return Number(process.exitCode ?? 0)
  },
}
