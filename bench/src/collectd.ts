import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { BenchProcess } from './bench-process.ts'

const readyDeadlineMs = 10_000
/** What our groups read, by collectd's names for it. */
const plugins = ['cpu', 'load', 'memory', 'swap', 'df', 'disk', 'interface', 'vmem', 'processes', 'protocols', 'contextswitch', 'uptime']

/** Path of a collectd: COLLECTD, else PATH; undefined when there is none. */
export function findCollectd(env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter)
  const candidates = env['COLLECTD'] ? [env['COLLECTD']] : folders.map((folder) => join(folder, 'collectd'))
  return candidates.find(isProgram)
}

/** A collectd that reads what we read, as often, and writes it to CSV files. */
export async function startCollectd(binary: string, folder: string, everyMs: number, signal: AbortSignal): Promise<BenchProcess> {
  const own = join(folder, `collectd-${everyMs}`)
  mkdirSync(own, { recursive: true })
  const file = join(own, 'collectd.conf')
  const lines = [
    `BaseDir "${own}"`,
    `PIDFile "${own}/pid"`,
    `Interval ${everyMs / 1000}`,
    'LoadPlugin logfile',
    '<Plugin logfile>\n  LogLevel info\n  File STDOUT\n</Plugin>',
    ...[...plugins, 'csv'].map((plugin) => `LoadPlugin ${plugin}`),
    `<Plugin csv>\n  DataDir "${own}/csv"\n</Plugin>`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const started = new BenchProcess('collectd', binary, ['-f', '-C', file], own)
  try {
    await started.until(/Initialization complete/i, readyDeadlineMs, signal)
    return started
  } catch (error) {
    await started.end()
    throw error
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
